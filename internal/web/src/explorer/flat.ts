// What is stored of a picture, and the flat form of it that programs of others read: single values under the names that
// docs/import-export.md has, as throughline export writes them and throughline import reads them.
import { chunks } from './api';
import { properties } from './catalog';
import type { EntityRecord, Evidence, Graph, Link, Testimony } from './graph';
import type { Scene } from './scene';

export interface Told {
  link: Link;
  testimony: Testimony;
}

// Stored is what the graph holds of a picture: its entities, and its links with all their evidence.
export interface Stored {
  records: EntityRecord[];
  links: Told[];
}

// readStored reads what is stored of a picture. What was deleted meanwhile is left out.
export async function readStored(graph: Graph, scene: Scene): Promise<Stored> {
  const links: Told[] = [];
  for (const some of chunks(scene.links, 8)) {
    const found = await Promise.all(some.map(async link => ({ link, testimony: await graph.testimony(link.id) })));
    links.push(...found.flatMap(({ link, testimony }) => (testimony ? [{ link, testimony }] : [])));
  }
  // of a picture of types, the entities are known by their links alone
  const ids = new Set(scene.nodes.flatMap(n => n.entity?.id ?? []));
  for (const { link } of links) {
    ids.add(link.from.id).add(link.to.id);
  }
  return { records: await graph.records([...ids]), links };
}

// Field is a value of the flat form: its name, and its scalar in the schema.
export type Field = readonly [name: string, scalar: string];

export type Values = { [name: string]: string };

const text = (...names: string[]): Field[] => names.map(name => [name, 'String'] as const);

// nodeFields are the fields of entities beside id and name, those of all types.
export function nodeFields(graph: Graph): Field[] {
  const fields = text('type', 'aliases', 'description', 'externalIds');
  for (const type of graph.catalog.types.values()) {
    for (const p of type.properties) {
      if (!fields.some(([name]) => name === p.name)) {
        fields.push([p.name, p.scalar]);
      }
    }
  }
  return [...fields, ...text('createdAt', 'updatedAt')];
}

// linkFields are the fields of links beside id and ends.
export const linkFields = text(
  'kind',
  'role',
  'since',
  'until',
  'standing',
  'excerpt',
  'sourceId',
  'sourceTitle',
  'sourceKind',
  'url',
  'evidence',
  'createdAt',
  'updatedAt',
);

// plain reports whether every format has a text as it is.
const plain = (s: string) => s === s.trim() && !/[\u0000-\u0008\u000b-\u001f]/.test(s);

// joined writes a list as one value: "a; b", or as JSON where that would be read as another list.
function joined(list: string[], said: unknown[] = list): string {
  const same = said === list && list.every(s => s !== '' && plain(s) && !s.includes(';')) && !list[0]?.startsWith('[');
  return same ? list.join('; ') : JSON.stringify(said);
}

// valuesOf is an entity in the flat form.
export function valuesOf(graph: Graph, r: EntityRecord): Values {
  const ids = r.externalIds.map(e => `${e.scheme}:${e.value}`);
  const stored = Object.entries(properties(graph.catalog, r)).map(([name, v]) => [name, String(v)] as const);
  return {
    type: r.type,
    aliases: joined(r.aliases),
    description: r.description ?? '',
    externalIds: r.externalIds.some(e => e.url)
      ? JSON.stringify(r.externalIds, (_, v: unknown) => v ?? undefined)
      : joined(ids),
    ...Object.fromEntries(stored),
    createdAt: r.createdAt,
    updatedAt: r.updatedAt,
  };
}

// told is all evidence as JSON, unless there is but one piece and an excerpt and its source say it.
function told(evidence: Evidence[]): string {
  const [e] = evidence;
  if (!e) {
    return '';
  }
  if (
    evidence.length === 1 &&
    e.stance === 'SUPPORTS' &&
    !e.prefix &&
    !e.suffix &&
    e.verified !== false &&
    plain(e.excerpt)
  ) {
    return '';
  }
  const all = evidence.map(({ source: { id, title, kind, url }, excerpt, prefix, suffix, stance, verified }) => ({
    source: id,
    title,
    kind,
    url: url || undefined,
    excerpt,
    prefix: prefix || undefined,
    suffix: suffix || undefined,
    stance,
    verified: verified === false ? false : undefined,
  }));
  return JSON.stringify(all);
}

// valuesOfLink is a link in the flat form: the first piece of evidence for it stands for all.
export function valuesOfLink({ link: l, testimony: t }: Told): Values {
  const e = t.evidence.find(piece => piece.stance === 'SUPPORTS') ?? t.evidence[0];
  return {
    kind: l.kind,
    role: l.role ?? '',
    since: l.since ?? '',
    until: l.until ?? '',
    standing: l.standing,
    excerpt: e?.excerpt ?? '',
    sourceId: e?.source.id ?? '',
    sourceTitle: e?.source.title ?? '',
    sourceKind: e?.source.kind ?? '',
    url: e?.source.url ?? '',
    evidence: told(t.evidence),
    createdAt: t.createdAt,
    updatedAt: t.updatedAt,
  };
}
