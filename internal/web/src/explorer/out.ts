// A picture as a file. What formats can say is written whole: names, kinds, dates, and for each link its first words.
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

// readWords reads the first words behind each link.
export async function readWords(graph: Graph, links: Link[]): Promise<Words> {
  const words: Words = new Map();
  for (let i = 0; i < links.length; i += 8) {
    await Promise.all(links.slice(i, i + 8).map(async l => words.set(l.id, (await graph.evidence(l.id, 5)).nodes)));
  }
  return words;
}

export function csv(graph: Graph, links: Link[], words: Words): string {
  const rows = [
    [
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
    ],
  ];
  for (const l of links) {
    const c = cells(graph, l);
    const e = words.get(l.id)?.[0];
    rows.push([
      l.id,
      l.from.id,
      c.from,
      l.kind,
      l.to.id,
      c.to,
      c.role,
      c.since,
      c.until,
      l.standing,
      c.sources,
      l.sentence,
      e?.excerpt ?? '',
      e?.source.title ?? '',
      e?.source.url ?? '',
    ]);
  }
  return `\ufeff${rows.map(r => r.map(quote).join(',')).join('\r\n')}\r\n`;
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
    ...['name', 'type', 'description'].map(k => ['node', k]),
    ...['kind', 'role', 'since', 'until', 'standing', 'sentence', 'excerpt', 'source', 'url'].map(k => ['edge', k]),
  ] as [string, string][];
  const data = (of: string, k: string, v: string | null | undefined) =>
    v ? `<data key="${of}_${k}">${xml(v)}</data>` : '';
  const nodes = scene.nodes.flatMap(({ entity: e }) =>
    e
      ? [
          `<node id="${xml(e.id)}">${data('node', 'name', e.name)}${data('node', 'type', e.type)}${data('node', 'description', e.description)}</node>`,
        ]
      : [],
  );
  const edges = scene.links.map(l => {
    const e = words.get(l.id)?.[0];
    return `<edge id="${xml(l.id)}" source="${xml(l.from.id)}" target="${xml(l.to.id)}">${data('edge', 'kind', l.kind)}${data('edge', 'role', l.role)}${data(
      'edge',
      'since',
      l.since,
    )}${data('edge', 'until', l.until)}${data('edge', 'standing', l.standing)}${data('edge', 'sentence', l.sentence)}${data(
      'edge',
      'excerpt',
      e?.excerpt,
    )}${data('edge', 'source', e?.source.title)}${data('edge', 'url', e?.source.url)}</edge>`;
  });
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
  for (let i = 0; i < scene.links.length; i += 8) {
    const some = scene.links.slice(i, i + 8);
    const found = await Promise.all(some.map(l => graph.testimony(l.id)));
    some.forEach((l, k) => {
      const t = found[k];
      if (!t) {
        return;
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
        evidence: t.evidence.map(e => ({
          source: e.source.id,
          excerpt: e.excerpt,
          prefix: e.prefix,
          suffix: e.suffix,
          stance: e.stance,
        })),
        createdAt: t.createdAt,
        updatedAt: t.updatedAt,
      });
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
  const attributes = (of: string, names: string[]) =>
    `<attributes class="${of}">${names.map(n => `<attribute id="${n}" title="${n}" type="string"/>`).join('')}</attributes>`;
  const values = (list: { [name: string]: string | null | undefined }) =>
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
    const e = words.get(l.id)?.[0];
    const { since, until } = dated(graph, l);
    return `<edge id="${xml(l.id)}" source="${xml(l.from.id)}" target="${xml(l.to.id)}" label="${xml(
      kindLabel(graph.catalog, l.kind),
    )}" weight="${Math.max(1, l.supportCount)}"${day('start', since)}${day('end', until)}>${values({
      kind: l.kind,
      role: l.role,
      since,
      until,
      standing: l.standing,
      sentence: l.sentence,
      excerpt: e?.excerpt,
      source: e?.source.title,
      url: e?.source.url,
    })}</edge>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<graph defaultedgetype="directed" mode="static" timeformat="date">
${attributes('node', ['type', 'description'])}
${attributes('edge', ['kind', 'role', 'since', 'until', 'standing', 'sentence', 'excerpt', 'source', 'url'])}
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
