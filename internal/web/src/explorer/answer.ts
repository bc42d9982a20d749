// What an answer of GraphQL holds of the graph, whatever was asked: everything with a name is an entity, and what hangs on
// it by a list, a link or a step of a line is linked to it.
import { spell } from './catalog';
import type { Entity, Link } from './graph';

interface Found {
  entities: Map<string, Entity>;
  links: Map<string, Link>;
}

type Value = Record<string, unknown>;

const object = (x: unknown): x is Value => typeof x === 'object' && x !== null && !Array.isArray(x);
const text = (x: unknown): string => (typeof x === 'string' ? x : '');

// entity takes an object for an entity when it has a name or an id that is no link's, source's or piece of evidence's.
function entity(x: unknown, found: Found): string | null {
  if (!object(x)) {
    return null;
  }
  const name = text(x.name) || text(x.label);
  const id = text(x.id) || name;
  if (!id || /^[lsetc]_/.test(id) || x.__typename === 'Source' || x.type === 'SOURCE') {
    return null;
  }
  const have = found.entities.get(id);
  found.entities.set(id, {
    id,
    name: name || have?.name || id,
    type: text(x.type) || have?.type || text(x.__typename).toUpperCase() || '',
    linkCount: 0,
    description: text(x.description) || (have?.description ?? null),
  });
  return id;
}

function connect(found: Found, from: string, to: string, label: string, link: Value) {
  const kind = text(link.kind) || label;
  const id = text(link.id) || `${from} ${kind} ${to} ${text(link.role)}`;
  found.links.set(id, {
    id,
    kind,
    from: { id: from },
    to: { id: to },
    role: text(link.role) || null,
    since: text(link.since) || null,
    until: text(link.until) || null,
    sentence:
      text(link.sentence) || `${found.entities.get(from)?.name} – ${spell(kind)} – ${found.entities.get(to)?.name}`,
    standing: link.standing === 'DISPUTED' || link.standing === 'REFUTED' ? link.standing : 'SUPPORTED',
    supportCount: typeof link.supportCount === 'number' ? link.supportCount : 1,
  });
}

function walk(x: unknown, owner: string | null, label: string, found: Found) {
  if (Array.isArray(x)) {
    for (const one of x) {
      walk(one, owner, label, found);
    }
    return;
  }
  if (!object(x)) {
    return;
  }
  // a link, or a step of a line, names both of its ends
  const ends = [entity(x.from, found), entity(x.to, found)] as const;
  if (ends[0] && ends[1]) {
    const link = object(x.link) ? x.link : x;
    const back = x.direction === 'INCOMING';
    connect(found, back ? ends[1] : ends[0], back ? ends[0] : ends[1], label, link);
  }
  // an edge stands between the owner of the list and its node
  const node = object(x.node) ? entity(x.node, found) : null;
  if (node && owner && node !== owner) {
    const back = x.direction === 'INCOMING';
    connect(found, back ? node : owner, back ? owner : node, label, object(x.link) ? { ...x, ...x.link } : x);
  }
  const self = entity(x, found);
  if (self && owner && self !== owner && label) {
    const there = [...found.links.values()].some(
      l => (l.from.id === owner && l.to.id === self) || (l.from.id === self && l.to.id === owner),
    );
    if (!there) {
      connect(found, owner, self, label, {});
    }
  }
  for (const [field, value] of Object.entries(x)) {
    if (field === 'evidence' || field === 'source' || field === 'sources' || field === 'facets') {
      continue; // what a link rests on is no part of the picture
    }
    const page = field === 'edges' || field === 'nodes';
    const inner = field === 'node' || field === 'link' || page ? (self ?? owner) : self;
    walk(
      value,
      field === 'node' || field === 'from' || field === 'to' || field === 'link' ? null : (inner ?? null),
      page ? label : field,
      found,
    );
  }
}

// inAnswer finds the entities and links of the data of an answer.
export function inAnswer(data: unknown): { entities: Entity[]; links: Link[] } {
  const found: Found = { entities: new Map(), links: new Map() };
  walk(data, null, '', found);
  return {
    entities: [...found.entities.values()],
    links: [...found.links.values()].filter(l => l.from.id !== l.to.id),
  };
}
