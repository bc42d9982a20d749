// A picture as a file. What formats can say is written whole: names, kinds, dates, and for each link its first words.
import { chunks } from './api';
import { kindLabel, properties, typeLabel } from './catalog';
import { colours } from './canvas';
import { cite } from './citation';
import type { Evidence, Graph, Link, Source } from './graph';
import { dated, type Scene } from './scene';
import { cells } from './table';

const xml = (s: string) =>
  s
    .replace(/[<>&"']/g, c => `&#${c.charCodeAt(0)};`)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
const quote = (s: string) => {
  // a spreadsheet takes what begins like this for a formula
  const safe = /^[=+\-@\t\r]/.test(s) ? `'${s}` : s;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export type Words = Map<string, Evidence[]>;

// byEight asks about each of a list, of eight at a time.
async function byEight<T, A>(list: T[], question: (x: T) => Promise<A>): Promise<A[]> {
  const answers: A[] = [];
  for (const some of chunks(list, 8)) {
    answers.push(...(await Promise.all(some.map(question))));
  }
  return answers;
}

// readWords reads the first words behind each link.
export async function readWords(graph: Graph, links: Link[]): Promise<Words> {
  return new Map(await byEight(links, async l => [l.id, (await graph.evidence(l.id, 5)).nodes] as const));
}

type Fields<K extends string> = Record<K, string | null>;

// linkFields are what formats say of a link besides its ends, in this order.
const linkFields = ['kind', 'role', 'since', 'until', 'standing', 'sentence', 'excerpt', 'source', 'url'] as const;

function fieldsOf(link: Link, words: Words): Fields<(typeof linkFields)[number]> {
  const { kind, role, since, until, standing, sentence } = link;
  const e = words.get(link.id)?.[0];
  const [excerpt, source, url] = [e?.excerpt ?? null, e?.source.title ?? null, e?.source.url ?? null];
  return { kind, role, since, until, standing, sentence, excerpt, source, url };
}

const columns = [
  'id',
  'from',
  'fromName',
  'kind',
  'to',
  'toName',
  'role',
  'since',
  'until',
  'standing',
  'sources',
  'sentence',
  'excerpt',
  'source',
  'url',
] as const;

export function csv(graph: Graph, links: Link[], words: Words): string {
  const rows = links.map(l => {
    const { from, to, sources } = cells(graph, l);
    const row: Fields<(typeof columns)[number]> = {
      ...fieldsOf(l, words),
      id: l.id,
      from: l.from.id,
      fromName: from,
      to: l.to.id,
      toName: to,
      sources,
    };
    return columns.map(name => row[name] ?? '');
  });
  return `\ufeff${[columns, ...rows].map(r => r.map(quote).join(',')).join('\r\n')}\r\n`;
}

export function markdown(links: Link[], words: Words): string {
  const notes: string[] = [];
  const lines = links.map(l => {
    const marks = (words.get(l.id) ?? []).map(e => {
      notes.push(cite(e, 'plain'));
      return `[^${notes.length}]`;
    });
    return `- ${l.sentence}${marks.join('')}`;
  });
  return `${lines.join('\n')}\n\n${notes.map((n, i) => `[^${i + 1}]: ${n}`).join('\n')}\n`;
}

export function graphml(scene: Scene, words: Words): string {
  const keys = [
    ...['name', 'type', 'description'].map(k => ['node', k] as const),
    ...linkFields.map(k => ['edge', k] as const),
  ];
  const data = (of: string, fields: Fields<string>) =>
    Object.entries(fields)
      .map(([k, v]) => (v ? `<data key="${of}_${k}">${xml(v)}</data>` : ''))
      .join('');
  const nodes = scene.nodes.flatMap(({ entity }) => {
    if (!entity) {
      return [];
    }
    const { id, name, type, description } = entity;
    return [`<node id="${xml(id)}">${data('node', { name, type, description })}</node>`];
  });
  const edges = scene.links.map(
    l =>
      `<edge id="${xml(l.id)}" source="${xml(l.from.id)}" target="${xml(l.to.id)}">` +
      `${data('edge', fieldsOf(l, words))}</edge>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
${keys.map(([of, k]) => `<key id="${of}_${k}" for="${of}" attr.name="${k}" attr.type="string"/>`).join('\n')}
<graph edgedefault="directed">
${[...nodes, ...edges].join('\n')}
</graph>
</graphml>
`;
}

// jsonl writes entities, links, all their evidence and its sources as throughline import reads them.
export async function jsonl(graph: Graph, scene: Scene): Promise<string> {
  const sources = new Map<string, Source>();
  const links: unknown[] = [];
  const found = await byEight(scene.links, async link => ({ link, testimony: await graph.testimony(link.id) }));
  for (const { link: l, testimony: t } of found) {
    if (!t) {
      continue;
    }
    for (const e of t.evidence) {
      sources.set(e.source.id, e.source);
    }
    links.push({
      link: l.kind,
      id: l.id,
      from: l.from.id,
      to: l.to.id,
      role: l.role,
      since: l.since,
      until: l.until,
      evidence: t.evidence.map(({ source, excerpt, prefix, suffix, stance }) => ({
        source: source.id,
        excerpt,
        prefix,
        suffix,
        stance,
      })),
      createdAt: t.createdAt,
      updatedAt: t.updatedAt,
    });
  }
  const records = await graph.records(scene.nodes.flatMap(n => n.entity?.id ?? []));
  const lines: unknown[] = [
    { throughline: 1 },
    ...[...sources.values()].map(({ kind, id, title, url, publisher, authors, publishedOn }) => ({
      source: kind,
      id,
      title,
      url,
      publisher,
      authors,
      publishedOn,
    })),
    ...records.map(r => ({
      node: r.type,
      id: r.id,
      name: r.name,
      aliases: r.aliases,
      description: r.description,
      externalIds: r.externalIds,
      ...properties(graph.catalog, r),
      createdAt: r.createdAt,
      updatedAt: r.updatedAt,
    })),
    ...links,
  ];
  // null would clear what another store knows
  return lines.map(l => `${JSON.stringify(l, (_, v: unknown) => v ?? undefined)}\n`).join('');
}

// gexf writes the part of GEXF 1.3 that Gephi and networkx both read: what began or ended on a day has it as start and end.
export function gexf(graph: Graph, scene: Scene, words: Words, at: { [id: string]: [number, number] }): string {
  const attributes = (of: string, names: readonly string[]) =>
    `<attributes class="${of}">${names.map(n => `<attribute id="${n}" title="${n}" type="string"/>`).join('')}</attributes>`;
  const values = (list: Fields<string>) =>
    `<attvalues>${Object.entries(list)
      .map(([k, v]) => (v ? `<attvalue for="${k}" value="${xml(v)}"/>` : ''))
      .join('')}</attvalues>`;
  const day = (name: string, date: string | null) =>
    date && /^\d{4}-\d\d-\d\d$/.test(date) ? ` ${name}="${date}"` : '';
  const nodes = scene.nodes.flatMap(n => {
    const e = n.entity;
    if (!e) {
      return [];
    }
    const [r, g, b] = (colours[n.colour] ?? '#888888').match(/[0-9a-f]{2}/gi)?.map(x => Number.parseInt(x, 16)) ?? [];
    const [x, y] = at[n.id] ?? [0, 0];
    return [
      `<node id="${xml(e.id)}" label="${xml(e.name)}">${values({ type: e.type, description: e.description })}<viz:size value="${Math.round(
        n.size,
      )}"/><viz:position x="${Math.round(x)}" y="${Math.round(-y)}"/><viz:color r="${r}" g="${g}" b="${b}"/></node>`,
    ];
  });
  const edges = scene.links.map(l => {
    const { since, until } = dated(graph, l);
    return `<edge id="${xml(l.id)}" source="${xml(l.from.id)}" target="${xml(l.to.id)}" label="${xml(
      kindLabel(graph.catalog, l.kind),
    )}" weight="${Math.max(1, l.supportCount)}"${day('start', since)}${day('end', until)}>${values({ ...fieldsOf(l, words), since, until })}</edge>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<graph defaultedgetype="directed" mode="static" timeformat="date">
${attributes('node', ['type', 'description'])}
${attributes('edge', linkFields)}
<nodes>
${nodes.join('\n')}
</nodes>
<edges>
${edges.join('\n')}
</edges>
</graph>
</gexf>
`;
}

export function svg(graph: Graph, scene: Scene, at: { [id: string]: [number, number] }): string {
  const places = scene.nodes.flatMap(n => (at[n.id] ? [at[n.id] as [number, number]] : []));
  const [x0, x1] = [Math.min(...places.map(p => p[0])) - 100, Math.max(...places.map(p => p[0])) + 100];
  const [y0, y1] = [Math.min(...places.map(p => p[1])) - 60, Math.max(...places.map(p => p[1])) + 70];
  const out: string[] = [];
  for (const e of scene.edges) {
    const [a, b] = [at[e.from], at[e.to]];
    if (a && b) {
      out.push(
        `<line x1="${a[0]}" y1="${a[1]}" x2="${b[0]}" y2="${b[1]}" stroke="#888" stroke-width="${e.width}"${e.dashed ? ' stroke-dasharray="6 4"' : ''}><title>${xml(
          e.links.map(l => l.sentence).join(' '),
        )}</title></line>`,
      );
      if (e.label) {
        out.push(
          `<text x="${(a[0] + b[0]) / 2}" y="${(a[1] + b[1]) / 2 - 4}" font-size="10" text-anchor="middle">${xml(e.label)}</text>`,
        );
      }
    }
  }
  for (const n of scene.nodes) {
    const p = at[n.id];
    if (p) {
      const title = n.entity ? `${n.entity.name}, ${typeLabel(graph.catalog, n.entity.type)}` : n.label;
      out.push(
        `<circle cx="${p[0]}" cy="${p[1]}" r="${n.size / 2}" fill="${colours[n.colour] ?? '#888'}" stroke="#222"><title>${xml(title)}</title></circle>`,
      );
      out.push(
        `<text x="${p[0]}" y="${p[1] + n.size / 2 + 14}" font-size="12" text-anchor="middle">${xml(n.label)}</text>`,
      );
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x0} ${y0} ${x1 - x0} ${y1 - y0}" font-family="sans-serif">
<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="#fff"/>
${out.join('\n')}
</svg>
`;
}

// queryOf is the query that asks for the links of a picture, for the playground.
export function queryOf(graph: Graph, ids: string[]): string {
  const kinds = [...new Set(graph.between(ids).map(l => kindLabel(graph.catalog, l.kind)))].join(', ');
  return `# The entities of the view, and the links among them${kinds && `: ${kinds}`}
query View($ids: [ID!]!) {
  nodes(ids: $ids) {
    id
    ... on Entity {
      name
      links(first: 50, where: {other: {ids: $ids}}) {
        edges { link { sentence evidence(first: 1) { nodes { excerpt source { title url } } } } }
      }
    }
  }
}
`;
}
