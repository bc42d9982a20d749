// A picture as a file. What formats can say of it is written whole: all values of entities and links, and the words.
import { kindLabel, properties, property, typeLabel } from './catalog';
import { colours, largest } from './canvas';
import { noted } from './citation';
import { linkFields, nodeFields, valuesOf, valuesOfLink, type Field, type Stored, type Values } from './flat';
import { everyStanding, type EntityRecord, type Graph, type Source } from './graph';
import type { Scene } from './scene';
import { outline, reach, type Point } from './shapes';
import type { State } from './state';
import { words } from './words';

// what would be read as white space stands as a reference
const xml = (s: string) =>
  s
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    .replace(/[<>&"'\t\n\r]/g, c => `&#${c.charCodeAt(0)};`);
const quote = (s: string) => {
  // a spreadsheet takes what begins like this for a formula
  const safe = /^[=+\-@\t\r]/.test(s) ? `'${s}` : s;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

// csv writes links: the values by which they are imported, and the names and sentences by which a person reads them.
export function csv(graph: Graph, stored: Stored): string {
  const name = (id: string) => graph.entities.get(id)?.name ?? id;
  const columns = ['id', 'from', 'fromName', 'to', 'toName', ...linkFields.map(([field]) => field), 'sentence'];
  const rows = stored.links.map(told => {
    const { id, from, to, sentence } = told.link;
    const row: Values = {
      ...valuesOfLink(told),
      id,
      from: from.id,
      fromName: name(from.id),
      to: to.id,
      toName: name(to.id),
      sentence,
    };
    return columns.map(column => row[column] ?? '');
  });
  return `\ufeff${[columns, ...rows].map(r => r.map(quote).join(',')).join('\r\n')}\r\n`;
}

// cited is how many pieces of evidence of a link stand below a text.
const cited = 5;

// inMarkdown writes a text so that Markdown (CommonMark) shows it as it is. An address needs no marks of Markdown, and would not be
// one with them.
const inMarkdown = (text: string) =>
  text
    .split(/\s+/)
    .map(word => (/^https?:\/\//.test(word) ? word : word.replace(/[\\`*_[\]<&]/g, '\\$&')))
    .join(' ');

export function markdown(stored: Stored): string {
  const notes: string[] = [];
  const lines = stored.links.map(({ link, testimony }) => {
    const marks = testimony.evidence.slice(0, cited).map(e => {
      notes.push(inMarkdown(noted(e)));
      return `[^${notes.length}]`;
    });
    const rest = testimony.evidence.length - marks.length;
    return `- ${inMarkdown(link.sentence)}${marks.join('')}${rest > 0 ? ` (${words.canvas.cited(rest)})` : ''}`;
  });
  return `${lines.join('\n')}\n\n${notes.map((n, i) => `[^${i + 1}]: ${n}`).join('\n')}\n`;
}

// scalars are what GraphML and GEXF call the scalars of the schema; others are strings.
const scalars: { [scalar: string]: readonly [graphml: string, gexf: string] } = {
  Int: ['int', 'integer'],
  Float: ['double', 'double'],
  Boolean: ['boolean', 'boolean'],
};
const typeOf = (scalar: string, format: 0 | 1) => scalars[scalar]?.[format] ?? 'string';

export function graphml(graph: Graph, stored: Stored): string {
  const label: Field = ['label', 'String'];
  const keys = (of: string, fields: Field[]) =>
    fields.map(([k, scalar]) => `<key id="${of}_${k}" for="${of}" attr.name="${k}" attr.type="${typeOf(scalar, 0)}"/>`);
  const data = (of: string, values: Values) =>
    Object.entries(values)
      .map(([k, v]) => (v ? `<data key="${of}_${k}">${xml(v)}</data>` : ''))
      .join('');
  const nodes = stored.records.map(
    r => `<node id="${xml(r.id)}">${data('node', { label: r.name, ...valuesOf(graph, r) })}</node>`,
  );
  const edges = stored.links.map(
    told =>
      `<edge id="${xml(told.link.id)}" source="${xml(told.link.from.id)}" target="${xml(told.link.to.id)}">` +
      `${data('edge', { label: kindLabel(graph.catalog, told.link.kind), ...valuesOfLink(told) })}</edge>`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
${[...keys('node', [label, ...nodeFields(graph)]), ...keys('edge', [label, ...linkFields])].join('\n')}
<graph edgedefault="directed">
${[...nodes, ...edges].join('\n')}
</graph>
</graphml>
`;
}

// jsonl writes entities, links, all their evidence and its sources as throughline import reads them.
export function jsonl(graph: Graph, stored: Stored): string {
  const sources = new Map<string, Source>();
  const links = stored.links.map(({ link: l, testimony: t }) => {
    for (const e of t.evidence) {
      sources.set(e.source.id, e.source);
    }
    return {
      link: l.kind,
      id: l.id,
      from: l.from.id,
      to: l.to.id,
      role: l.role,
      since: l.since,
      until: l.until,
      evidence: t.evidence.map(({ source, excerpt, prefix, suffix, stance, verified }) => ({
        source: source.id,
        excerpt,
        prefix,
        suffix,
        stance,
        verified: verified === false ? false : null, // so that an import takes it again
      })),
      createdAt: t.createdAt,
      updatedAt: t.updatedAt,
    };
  });
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
    ...stored.records.map(r => ({
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

// daysOf are the first and the last day of what a record has as dates, as attributes of GEXF.
function daysOf(since: string | null, until: string | null): string {
  const last = (date: string) => {
    if (date.length !== 7) {
      return date.length === 4 ? `${date}-12-31` : date;
    }
    const day = new Date(`${date}-01`);
    day.setUTCMonth(day.getUTCMonth() + 1, 0);
    return `${date}-${day.getUTCDate()}`;
  };
  return (since ? ` start="${(since + '-01-01').slice(0, 10)}"` : '') + (until ? ` end="${last(until)}"` : '');
}

// gexf writes the part of GEXF 1.3 that Gephi and networkx both read. What has dates has a first and a last day.
export function gexf(graph: Graph, scene: Scene, stored: Stored, at: { [id: string]: [number, number] }): string {
  const attributes = (of: string, fields: Field[]) =>
    `<attributes class="${of}" mode="static">${fields
      .map(([n, scalar]) => `<attribute id="${n}" title="${n}" type="${typeOf(scalar, 1)}"/>`)
      .join('')}</attributes>`;
  const values = (list: Values) =>
    `<attvalues>${Object.entries(list)
      .map(([k, v]) => (v ? `<attvalue for="${k}" value="${xml(v)}"/>` : ''))
      .join('')}</attvalues>`;
  const drawn = new Map(scene.nodes.map(n => [n.id, n]));
  const dates = (r: EntityRecord) => {
    const type = graph.catalog.types.get(r.type);
    const list = type?.timed ? type.properties.filter(p => p.date).map(p => property(graph.catalog, r, p.name)) : [];
    const known = list.filter(d => d !== '').sort();
    return daysOf(known[0] ?? null, known.at(-1) ?? null);
  };
  const looks = (id: string) => {
    const n = drawn.get(id);
    if (!n) {
      return '';
    }
    const [r, g, b] = (colours[n.colour] ?? '#888888').match(/[0-9a-f]{2}/gi)?.map(x => Number.parseInt(x, 16)) ?? [];
    const [x, y] = at[n.id] ?? [0, 0];
    return (
      `<viz:size value="${Math.round(n.size)}"/><viz:position x="${Math.round(x)}" y="${Math.round(-y)}"/>` +
      `<viz:color r="${r}" g="${g}" b="${b}"/>`
    );
  };
  const nodes = stored.records.map(
    r => `<node id="${xml(r.id)}" label="${xml(r.name)}"${dates(r)}>${values(valuesOf(graph, r))}${looks(r.id)}</node>`,
  );
  const edges = stored.links.map(told => {
    const l = told.link;
    return `<edge id="${xml(l.id)}" source="${xml(l.from.id)}" target="${xml(l.to.id)}" label="${xml(
      kindLabel(graph.catalog, l.kind),
    )}" weight="${Math.max(1, l.supportCount)}"${daysOf(l.since, l.until)}>${values(valuesOfLink(told))}</edge>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<graph defaultedgetype="directed" mode="dynamic" timeformat="date">
${attributes('node', nodeFields(graph))}
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

// wrapped breaks a label into lines, as the canvas does.
function wrapped(label: string): string[] {
  const lines: string[] = [];
  for (const word of label.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 22) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(word);
    }
  }
  return lines;
}

// halo keeps a text readable where it lies on lines.
const halo =
  'fill="#222" stroke="#fff" stroke-width="3" stroke-linejoin="round" paint-order="stroke" text-anchor="middle"';

// Space knows where there is something already, so that labels of links lie over no name, no node and no other label. What
// takes place is a row of discs, of the height of a line.
class Space {
  private static readonly cell = 64;
  private readonly cells = new Map<string, { at: Point; radius: number }[]>();

  private *around([x, y]: Point, radius: number): Generator<string> {
    const cell = (n: number) => Math.floor(n / Space.cell);
    for (let i = cell(x - radius); i <= cell(x + radius); i++) {
      for (let k = cell(y - radius); k <= cell(y + radius); k++) {
        yield `${i} ${k}`;
      }
    }
  }

  take(at: Point, radius: number) {
    for (const key of this.around(at, radius)) {
      const list = this.cells.get(key);
      if (list) {
        list.push({ at, radius });
      } else {
        this.cells.set(key, [{ at, radius }]);
      }
    }
  }

  free(at: Point, radius: number): boolean {
    for (const key of this.around(at, radius)) {
      if (this.cells.get(key)?.some(d => Math.hypot(d.at[0] - at[0], d.at[1] - at[1]) < d.radius + radius)) {
        return false;
      }
    }
    return true;
  }
}

// How wide a letter is about, for the height of a line.
const letter = 0.56;

// row lists the middles of the discs that a text takes, around its own middle.
function row(text: string, size: number, middle: Point, way: Point): Point[] {
  const half = (text.length * size * letter) / 2;
  const n = Math.max(1, Math.ceil((2 * half) / size));
  return Array.from({ length: n + 1 }, (_, i) => {
    const far = -half + (2 * half * i) / n;
    return [middle[0] + way[0] * far, middle[1] + way[1] * far];
  });
}

// placed finds a place for the label of a link, as near to its middle as there is room, on it or beside; null for none.
function placed(space: Space, label: string, size: number, a: Point, b: Point, way: Point): Point | null {
  for (const beside of [0, 12, -12, 24, -24]) {
    for (const part of [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8]) {
      const at: Point = [a[0] + (b[0] - a[0]) * part - way[1] * beside, a[1] + (b[1] - a[1]) * part + way[0] * beside];
      const discs = row(label, size, at, way);
      if (discs.every(d => space.free(d, size / 2))) {
        discs.forEach(d => space.take(d, size / 2));
        return at;
      }
    }
  }
  return null;
}

// svg draws a picture as it is on the canvas: with shapes, directions and lines of labels.
export function svg(graph: Graph, scene: Scene, at: { [id: string]: Point }): string {
  const drawn = new Map(
    scene.nodes.flatMap(n => {
      const place = at[n.id];
      return place
        ? [[n.id, { n, place, label: [...wrapped(n.label), ...(n.hidden > 0 ? [`+${n.hidden}`] : [])] }]]
        : [];
    }),
  );
  const lines: string[] = [];
  const texts: string[] = [];
  const space = new Space();
  const under = (d: { n: { size: number }; place: Point }) => d.place[1] + d.n.size / 2 + 14;
  for (const d of drawn.values()) {
    space.take(d.place, d.n.size / 2);
    d.label.forEach((line, i) =>
      row(line, 12, [d.place[0], under(d) + 14 * i - 4], [1, 0]).forEach(at => space.take(at, 6)),
    );
  }
  for (const e of scene.edges) {
    const [from, to] = [drawn.get(e.from), drawn.get(e.to)];
    if (!from || !to) {
      continue;
    }
    const [a, b] = [from.place, to.place];
    const look =
      `stroke="#888" fill="none" stroke-width="${e.width}"${e.dashed ? ' stroke-dasharray="6 4"' : ''}` +
      `${e.faded ? ' opacity="0.3"' : ''}`;
    const title = `<title>${xml(e.links.map(l => l.sentence).join(' '))}</title>`;
    if (e.from === e.to) {
      const [x, y] = [a[0], a[1] - from.n.size / 2];
      lines.push(
        `<path d="M${x - 8},${y} C${x - 40},${y - 50} ${x + 40},${y - 50} ${x + 8},${y}" ${look}>${title}</path>`,
      );
      texts.push(`<text x="${x}" y="${y - 42}" font-size="10" ${halo}>${xml(e.label)}</text>`);
      continue;
    }
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const way: Point = [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
    const along = (p: Point, far: number): Point => [p[0] + way[0] * far, p[1] + way[1] * far];
    const tip = along(b, -reach(to.n.shape, to.n.size, [-way[0], -way[1]]));
    const one = e.links.length === 1; // several may lead both ways
    const foot = one ? along(tip, -(7 + e.width)) : tip;
    lines.push(`<line x1="${a[0]}" y1="${a[1]}" x2="${foot[0]}" y2="${foot[1]}" ${look}>${title}</line>`);
    if (one) {
      const half = 3.5 + e.width / 2;
      const sides = [-half, half].map(h => `${foot[0] - way[1] * h},${foot[1] + way[0] * h}`).join(' ');
      lines.push(`<polygon points="${tip.join(',')} ${sides}" fill="#888"${e.faded ? ' opacity="0.3"' : ''}/>`);
    }
    const middle = e.label ? placed(space, e.label, 10, a, b, way) : null;
    if (middle) {
      const [x, y] = middle;
      const angle = (Math.atan2(way[1], way[0]) * 180) / Math.PI;
      const upright = angle > 90 ? angle - 180 : angle < -90 ? angle + 180 : angle;
      texts.push(
        `<text x="${x}" y="${y + 3}" font-size="10" transform="rotate(${upright} ${x} ${y})" ${halo}>${xml(e.label)}</text>`,
      );
    }
  }
  for (const d of drawn.values()) {
    const { n, place, label } = d;
    const title = n.entity ? `${n.entity.name}, ${typeLabel(graph.catalog, n.entity.type)}` : n.label;
    const look =
      `fill="${colours[n.colour] ?? '#888888'}" stroke="#222" stroke-width="${n.pinned || !n.entity ? 3 : 1}"` +
      `${n.faded ? ' opacity="0.3"' : ''}`;
    lines.push(`<g><title>${xml(title)}</title>${outline(n.shape, place, n.size, look)}</g>`);
    const spans = label
      .map((line, i) => `<tspan x="${place[0]}" y="${under(d) + 14 * i}">${xml(line)}</tspan>`)
      .join('');
    texts.push(`<text font-size="12" ${halo}${n.faded ? ' opacity="0.3"' : ''}>${spans}</text>`);
  }
  const all = [...drawn.values()];
  const [x0, x1] = [Math.min(...all.map(d => d.place[0])) - 100, Math.max(...all.map(d => d.place[0])) + 100];
  const [y0, y1] = [
    Math.min(...all.map(d => d.place[1])) - 60,
    Math.max(...all.map(d => d.place[1] + d.n.size / 2 + 14 * d.label.length)) + 20,
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${x0} ${y0} ${x1 - x0} ${y1 - y0}" font-family="sans-serif">
<rect x="${x0}" y="${y0}" width="${x1 - x0}" height="${y1 - y0}" fill="#fff"/>
${[...lines, ...texts].join('\n')}
</svg>
`;
}

// png is a drawing of svg in pixels, twice as many as it is wide.
export async function png(drawing: string): Promise<Blob | null> {
  const [, width = '', height = ''] = /viewBox="\S+ \S+ (\S+) (\S+)"/.exec(drawing) ?? [];
  const scale = Math.min(2, largest / Number(width), largest / Number(height));
  const [w, h] = [Math.round(Number(width) * scale), Math.round(Number(height) * scale)];
  const image = new Image();
  image.src = `data:image/svg+xml,${encodeURIComponent(drawing.replace('<svg ', `<svg width="${w}" height="${h}" `))}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [w, h];
  canvas.getContext('2d')?.drawImage(image, 0, 0, w, h);
  return new Promise(done => canvas.toBlob(done, 'image/png'));
}

// Query is a query with its variables, as the playground takes it.
export interface Query {
  query: string;
  variables: { [name: string]: unknown };
}

// listed is how many ids a list of GraphQL takes.
const listed = 100;

const pieces = 'sentence evidence(first: 1) { nodes { excerpt source { title url } } }';

// queryOf is the query that asks for the links of a picture: of these entities, under the conditions of the picture.
export function queryOf(
  graph: Graph,
  ids: string[],
  { picture: { only }, without, denied, time }: Pick<State, 'picture' | 'without' | 'denied' | 'time'>,
): Query {
  const kinds = [...new Set(graph.between(ids, denied).map(l => l.kind))].filter(k => !without.includes(k));
  const asked = ids.slice(0, listed);
  const year = (n: number) => String(n).padStart(4, '0');
  const during = time && { from: year(time.from), to: year(time.to), match: time.certain ? 'CERTAIN' : 'POSSIBLE' };
  const lines = only && !denied && only.length <= listed ? only : null;
  const where = {
    other: { ids: asked },
    ...(lines && { ids: lines }),
    ...(without.length > 0 && { not: { kinds: without } }),
    ...(denied && { standings: everyStanding }),
    ...(during && {
      or: time.undated
        ? [{ during }, { during: { isNull: true } }]
        : [{ during: { ...during, isNull: false } }, { during: { isNull: true }, other: { date: during } }],
    }),
  };
  const names = (list: string[]) => list.map(k => kindLabel(graph.catalog, k)).join(', ');
  const notes = [
    `The entities of the view, and the links among them${kinds.length > 0 ? `: ${names(kinds)}` : ''}`,
    ...(ids.length > listed ? [`The first ${listed} of ${ids.length} entities: a list takes no more`] : []),
    ...(lines ? ['Of these the links of the lines alone, as in the view'] : []),
    ...(without.length > 0 ? [`Left out, as in the view: ${names(without)}`] : []),
    ...(denied ? ['With links that sources only deny'] : []),
    ...(during ? [`Of the years ${during.from} to ${during.to}${time.certain ? ', certainly' : ''}`] : []),
    ...(during && time.undated ? ['Links without a date are here too, also where what they join has one'] : []),
    'Of each entity the first 50 links; totalCount says how many there are',
  ];
  const query = `${notes.map(n => `# ${n}\n`).join('')}query View($ids: [ID!]!, $where: LinkFilter) {
  nodes(ids: $ids) {
    id
    ... on Entity {
      name
      type
      links(first: 50, where: $where) {
        totalCount
        edges { direction node { id name type } link { id kind ${pieces} } }
      }
    }
  }
}
`;
  return { query, variables: { ids: asked, where } };
}

// linesOf is the query that asks for the lines of a page of lines: variables are those of its question.
export function linesOf(graph: Graph, variables: { [name: string]: unknown }): Query {
  const types: { [name: string]: readonly [type: string, argument: string] } = {
    from: ['EntityRef!', 'from'],
    to: ['EntityRef!', 'to'],
    via: ['[EntityRef!]', 'via'],
    avoid: ['[EntityRef!]', 'avoid'],
    where: ['LinkFilter', 'where'],
    independent: ['Boolean', 'independentSources'],
    rank: ['PathRank', 'rank'],
  };
  const given = Object.entries(types).filter(([name]) => variables[name]);
  const name = (ref: unknown) => {
    const { id } = ref as { id: string };
    return (graph.entities.get(id)?.name ?? id).replace(/\s+/g, ' ');
  };
  const query = `# The lines between ${name(variables.from)} and ${name(variables.to)}
query Lines(${given.map(([v, [type]]) => `$${v}: ${type}`).join(', ')}) {
  paths(${given.map(([v, [, argument]]) => `${argument}: $${v}`).join(', ')}, first: 5) {
    nodes {
      narrative
      steps { from { id name type } direction link { id kind ${pieces} } to { id name type } }
    }
    report { outcome nearMiss { narrative } }
  }
}
`;
  return { query, variables: Object.fromEntries(given.map(([v]) => [v, variables[v]])) };
}
