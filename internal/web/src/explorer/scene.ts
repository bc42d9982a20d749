// What of a picture is to be seen: nodes and edges with how they look, from what is shown, near, and in the time chosen.
import { kindLabel, property, typeLabel } from './catalog';
import { everyStanding, years, type Entity, type Graph, type Link, type Measured } from './graph';
import { place } from './parts';
import { groupId, type Group, type Picture, type State, type TimeWindow } from './state';
import { words } from './words';

export interface SceneNode {
  id: string;
  label: string;
  spoken: string;
  // The entity, or the links of one kind that are too many to draw, or the entities of one type.
  entity: Entity | null;
  group: Group | null;
  colour: number;
  shape: number;
  size: number;
  hidden: number;
  pinned: boolean;
  faded: boolean;
}

export interface SceneEdge {
  id: string;
  from: string;
  to: string;
  label: string;
  links: Link[];
  width: number;
  dashed: boolean;
  faded: boolean;
}

export interface Scene {
  nodes: SceneNode[];
  edges: SceneEdge[];
  // The links of edges, one by one.
  links: Link[];
  // Set when there is too much to draw: nodes then stand for types.
  grouped: number;
}

// limit is how many entities are drawn one by one.
export const limit = 3000;

// fits reports whether a link holds within a window of time; null when nothing is known of its time.
function fits(link: Link, time: TimeWindow): boolean | null {
  const span = years(link.since, link.until);
  if (!span) {
    return null;
  }
  return time.certain ? span[0] >= time.from && span[1] <= time.to : span[0] <= time.to && span[1] >= time.from;
}

// dated is a link with the dates of what it joins, an event or a quote, where it has none of its own.
export function dated(graph: Graph, link: Link): Link {
  if (link.since || link.until) {
    return link;
  }
  for (const id of [link.to.id, link.from.id]) {
    const entity = graph.entities.get(id);
    const type = graph.catalog.types.get(entity?.type ?? '');
    if (entity && type?.timed) {
      const dates = type.properties
        .filter(p => p.date)
        .map(p => property(graph.catalog, entity, p.name))
        .filter(d => d !== '')
        .sort();
      if (dates.length > 0) {
        return { ...link, since: dates[0] ?? null, until: dates.at(-1) ?? null };
      }
    }
  }
  return link;
}

// within finds what is within so many steps of an entity.
function within(edges: { from: string; to: string }[], id: string, degrees: number): Set<string> {
  let border = new Set([id]);
  const seen = new Set(border);
  for (let i = 0; i < degrees; i++) {
    const next = new Set<string>();
    for (const { from, to } of edges) {
      for (const [a, b] of [
        [from, to],
        [to, from],
      ] as const) {
        if (border.has(a) && !seen.has(b)) {
          next.add(b);
          seen.add(b);
        }
      }
    }
    border = next;
  }
  return seen;
}

// touching counts links by the entities they touch.
function touching(links: Link[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const l of links) {
    for (const id of new Set([l.from.id, l.to.id])) {
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
  }
  return counts;
}

export interface Measures {
  community?: Measured | null;
  centrality?: Measured | null;
}

// linksOf lists the links of a picture, before any are filtered out.
export function linksOf(graph: Graph, { ids, only }: Picture, denied: boolean): Link[] {
  const links = graph.between(ids, denied);
  const those = new Set(only);
  return only ? links.filter(l => those.has(l.id) || l.standing === 'REFUTED') : links;
}

export function scene(graph: Graph, s: State, lit: Set<string> | null, measures: Measures = {}): Scene {
  let links = linksOf(graph, s.picture, s.denied);
  // how many links an entity has is said without those that are denied
  const known = touching(links.filter(l => l.standing !== 'REFUTED'));
  links = links.filter(l => !s.without.includes(l.kind));
  if (s.time) {
    const { time } = s;
    links = links.filter(l => fits(dated(graph, l), time) ?? time.undated);
  }
  let ids = s.picture.ids.filter(id => graph.entities.has(id));
  if (s.focus) {
    const kept = within(
      links.map(l => ({ from: l.from.id, to: l.to.id })),
      s.focus.id,
      s.focus.degrees,
    );
    ids = ids.filter(id => kept.has(id));
    links = links.filter(l => kept.has(l.from.id) && kept.has(l.to.id));
  }
  const touched = touching(links);
  if (ids.length > limit) {
    return byType(graph, ids, links);
  }
  const sized = (e: Entity) => {
    switch (s.size) {
      case 'links':
        return Math.min(60, 22 + 6 * Math.log2(1 + e.linkCount));
      case 'centrality':
        return 22 + 38 * (measures.centrality?.of.get(e.id) ?? 0);
      case 'same':
        return 30;
    }
  };
  const nodes: SceneNode[] = ids.map(id => {
    const entity = graph.entities.get(id) as Entity;
    const shown = touched.get(id) ?? 0;
    return {
      id,
      entity,
      group: null,
      label: entity.name.length > 40 ? `${entity.name.slice(0, 39)}…` : entity.name,
      spoken: words.canvas.spoken(entity.name, typeLabel(graph.catalog, entity.type), entity.linkCount, shown),
      colour:
        s.colour === 'community' && measures.community
          ? (measures.community.of.get(id) ?? 8)
          : place(graph, entity.type),
      shape: place(graph, entity.type),
      size: sized(entity),
      hidden: Math.max(0, entity.linkCount - (known.get(id) ?? 0)),
      pinned: s.picture.pinned.includes(id),
      faded: lit ? !lit.has(id) : (s.time !== null || s.without.length > 0) && shown === 0,
    };
  });
  const near = new Set(s.near);
  const pairs = new Map<string, Link[]>();
  for (const l of links) {
    const key = [l.from.id, l.to.id].sort().join(' ');
    pairs.set(key, [...(pairs.get(key) ?? []), l]);
  }
  const edges: SceneEdge[] = [...pairs].map(([key, list]) => {
    const [first] = list as [Link];
    return {
      id: `edge ${key}`,
      from: first.from.id,
      to: first.to.id,
      links: list,
      label: doubted(list, list.length === 1 ? kindLabel(graph.catalog, first.kind) : words.canvas.links(list.length)),
      width: Math.min(8, 1 + Math.max(...list.map(l => l.supportCount))),
      dashed: list.some(l => near.has(l.id) || l.standing !== 'SUPPORTED'),
      // what has no date is shown beside what held in the time that is chosen, but not as if it had
      faded: lit
        ? !list.some(l => lit.has(l.id))
        : s.time !== null && list.every(l => fits(dated(graph, l), s.time as TimeWindow) === null),
    };
  });
  for (const group of s.picture.groups) {
    if (!ids.includes(group.of) || s.without.includes(group.kind)) {
      continue;
    }
    const what = kindLabel(graph.catalog, group.kind);
    nodes.push({
      id: groupId(group),
      entity: null,
      group,
      label: words.canvas.group(group.count, what),
      spoken: words.canvas.group(group.count, what),
      colour: 8,
      shape: 8,
      size: 34,
      hidden: 0,
      pinned: false,
      faded: lit !== null,
    });
    edges.push({
      id: `edge ${groupId(group)}`,
      from: group.of,
      to: groupId(group),
      links: [],
      label: '',
      width: 1,
      dashed: false,
      faded: lit !== null,
    });
  }
  return { nodes, edges, links, grouped: 0 };
}

const of = (links: Link[], standing: Link['standing']) => links.filter(l => l.standing === standing);

// doubted is the label of some links, which says how many of them are disputed or denied.
function doubted(links: Link[], label: string): string {
  const standings = words.canvas.standings(links.length, of(links, 'DISPUTED').length, of(links, 'REFUTED').length);
  return standings ? `${label} (${standings})` : label;
}

// byType draws one node a type, and one edge for the links between two: what is left of a picture of very many.
function byType(graph: Graph, ids: string[], links: Link[]): Scene {
  const counts = new Map<string, number>();
  const typeOf = (id: string) => graph.entities.get(id)?.type ?? '';
  for (const id of ids) {
    counts.set(typeOf(id), (counts.get(typeOf(id)) ?? 0) + 1);
  }
  const nodes: SceneNode[] = [...counts].map(([type, n]) => {
    const label = words.canvas.group(n, typeLabel(graph.catalog, type));
    return {
      id: `type ${type}`,
      entity: null,
      group: null,
      label,
      spoken: label,
      colour: place(graph, type),
      shape: place(graph, type),
      size: Math.min(90, 20 + 6 * Math.log2(n)),
      hidden: 0,
      pinned: false,
      faded: false,
    };
  });
  const pairs = new Map<string, Link[]>();
  for (const l of links) {
    const key = `${typeOf(l.from.id)} ${l.kind} ${typeOf(l.to.id)}`;
    const list = pairs.get(key);
    if (list) {
      list.push(l);
    } else {
      pairs.set(key, [l]);
    }
  }
  const edges: SceneEdge[] = [...pairs].map(([key, list]) => {
    const [from, kind, to] = key.split(' ') as [string, string, string];
    const [sure, disputed, denied] = everyStanding.map(s => of(list, s)) as [Link[], Link[], Link[]];
    return {
      id: `edge ${key}`,
      from: `type ${from}`,
      to: `type ${to}`,
      links: [...denied, ...disputed, ...sure].slice(0, 50), // who looks at some of them sees what is doubted
      label: doubted(list, words.canvas.group(list.length, kindLabel(graph.catalog, kind))),
      width: Math.min(12, 1 + Math.log2(list.length)),
      dashed: sure.length < list.length,
      faded: false,
    };
  });
  return { nodes, edges, links, grouped: ids.length };
}
