// What the page knows of the graph, and how it asks for more. A record that was read once is kept: ids stay the same.
import { ask, chunks } from './api';
import { selection, type Catalog } from './catalog';

export interface Entity {
  id: string;
  type: string;
  name: string;
  description: string | null;
  linkCount: number;
}

export interface Link {
  id: string;
  kind: string;
  from: { id: string };
  to: { id: string };
  role: string | null;
  since: string | null;
  until: string | null;
  sentence: string;
  standing: (typeof everyStanding)[number];
  supportCount: number;
}

export interface Source {
  id: string;
  title: string;
  url: string | null;
  publisher: string | null;
  authors: string[];
  publishedOn: string | null;
  kind: string;
}

export interface Evidence {
  id: string;
  excerpt: string;
  prefix: string | null;
  suffix: string | null;
  stance: 'SUPPORTS' | 'REFUTES';
  verified: boolean | null;
  source: Source;
}

// EntityRecord is all that is stored of an entity; properties stand in it as the catalogue selects them.
export interface EntityRecord extends Omit<Entity, 'linkCount'> {
  aliases: string[];
  externalIds: { scheme: string; value: string; url: string | null }[];
  createdAt: string;
  updatedAt: string;
}

export interface Testimony {
  createdAt: string;
  updatedAt: string;
  evidence: Evidence[];
}

export interface Step {
  from: Entity;
  link: Link & { evidence: { totalCount: number; nodes: Evidence[] } };
  alternatives: Link[];
  direction: 'OUTGOING' | 'INCOMING';
  to: Entity;
}

export interface Line {
  length: number;
  narrative: string;
  nodes: Entity[];
  steps: Step[];
}

export interface Count {
  key: string;
  count: number;
}

// Found is one entry of a search: an entity or a source.
export interface Found {
  id: string;
  type: string;
  name: string;
  description: string | null;
}

// reach is how many entities of a measure are read, of each community or of the most central: a picture whose entities are not
// all among them says so.
export const reach = 500;

// Page is where a list that is read page by page goes on.
interface Page {
  hasNextPage: boolean;
  endCursor: string | null;
}

// Measured is what is known of a measure of the whole graph, by entities; all says that nothing of it was left unread, done that
// nothing more of it is read.
export interface Measured {
  of: Map<string, number>;
  all: boolean;
  done: boolean;
}

// everyStanding are the standings of links. A question that does not name them is not answered with what sources only deny.
export const everyStanding = ['SUPPORTED', 'DISPUTED', 'REFUTED'] as const;

const withDenied = (denied: boolean) => (denied ? { standings: everyStanding } : {});

// most is how many links of one entity are drawn one by one; beyond, they stand as groups.
export const most = 50;

export const linkBits =
  'fragment LinkBits on Link { id kind from { id } to { id } role since until sentence standing supportCount }';
const sourceBits = 'fragment SourceBits on Source { id title url publisher authors publishedOn kind }';
const evidenceBits = `fragment EvidenceBits on Evidence { id excerpt prefix suffix stance verified source { ...SourceBits } } ${sourceBits}`;

// A part of a list that is read page by page.
export interface Paged<T> {
  edges: T[];
  pageInfo: Page;
}

// upTo reads the first so many of a list by pages, which have at most 100; more says whether there are others.
export async function upTo<T>(
  first: number,
  page: (first: number, after: string | null) => Promise<Paged<T> | null | undefined>,
  size = 100,
): Promise<{ list: T[]; more: boolean }> {
  const list: T[] = [];
  for (let after: string | null = null; ; ) {
    const part: Paged<T> | null | undefined = await page(Math.min(size, first - list.length), after);
    list.push(...(part?.edges ?? []));
    if (!part?.pageInfo.hasNextPage || list.length >= first) {
      return { list, more: part?.pageInfo.hasNextPage === true };
    }
    after = part.pageInfo.endCursor;
  }
}

// together does something with each of a list, three at a time: the server answers one while the page reads another.
export async function together<T>(list: T[], f: (x: T) => Promise<void>): Promise<void> {
  const rest = list.values();
  await Promise.all(
    [1, 2, 3].map(async () => {
      for (const x of rest) {
        await f(x);
      }
    }),
  );
}

// sought is as much of a text as a search takes: who pastes a page is looked for by its beginning.
const sought = (text: string) => Array.from(text).slice(0, 1000).join('');

export class Graph {
  readonly catalog: Catalog;
  readonly entities = new Map<string, Entity>();
  readonly links = new Map<string, Link>();
  private readonly bits: string;

  constructor(catalog: Catalog) {
    this.catalog = catalog;
    this.bits = `fragment Bits on Entity { id type name description linkCount${selection(catalog, p => p.date)} }`;
  }

  // keep takes what was read.
  keep(entities: (Entity | null)[], links: Link[]) {
    for (const e of entities) {
      if (e?.id) {
        this.entities.set(e.id, e);
      }
    }
    for (const l of links) {
      this.links.set(l.id, l);
    }
  }

  // between lists the known links whose two ends are both among some entities; those that are denied only when they are wanted.
  between(ids: Iterable<string>, denied: boolean): Link[] {
    const shown = new Set(ids);
    return [...this.links.values()].filter(
      l => shown.has(l.from.id) && shown.has(l.to.id) && (denied || l.standing !== 'REFUTED'),
    );
  }

  // around reads an entity and what is nearest to it: its id, then theirs.
  async around(id: string, signal?: AbortSignal): Promise<string[]> {
    interface Answer {
      subgraph: { nodes: Entity[]; links: Link[] } | null;
    }
    const { subgraph } = await ask<Answer>(
      `query Around($id: ID!, $most: Int!) {
        subgraph(seeds: [{id: $id}], depth: 1, maxNodes: $most) { nodes { ...Bits } links { ...LinkBits } }
      } ${this.bits} ${linkBits}`,
      { id, most: most + 1 },
      signal,
    );
    this.keep(subgraph?.nodes ?? [], subgraph?.links ?? []);
    return subgraph?.nodes.map(n => n.id) ?? [];
  }

  // read reads entities by their ids, and returns the ids of those that are there. What was merged into another entity is known by
  // its former id too, and is that entity.
  async read(ids: string[], signal?: AbortSignal): Promise<string[]> {
    const missing = ids.filter(id => !this.entities.has(id));
    await together(chunks(missing, 100), async some => {
      const { nodes } = await ask<{ nodes: (Entity | null)[] }>(
        `query Read($ids: [ID!]!) { nodes(ids: $ids) { ...Bits } } ${this.bits}`,
        { ids: some },
        signal,
      );
      this.keep(nodes, []);
      nodes.forEach((e, i) => e?.id && this.entities.set(some[i] as string, e));
    });
    return [...new Set(ids.flatMap(id => this.entities.get(id)?.id ?? []))];
  }

  // join reads all links among some entities, with those that are denied when they are wanted.
  async join(ids: string[], denied: boolean, signal?: AbortSignal): Promise<void> {
    // a question takes 1,000 entities: of more, each half of that is asked about with each other
    const blocks = chunks(ids, 500);
    const all =
      blocks.length === 1 ? blocks : blocks.flatMap((b, i) => blocks.slice(i + 1).map(other => [...b, ...other]));
    await together(all, async seeds => {
      const { subgraph } = await ask<{ subgraph: { links: Link[] } | null }>(
        `query Join($seeds: [EntityRef!]!, $where: LinkFilter) { subgraph(seeds: $seeds, depth: 0, where: $where, maxNodes: 1000) { links { ...LinkBits } } } ${linkBits}`,
        { seeds: seeds.map(id => ({ id })), where: withDenied(denied) },
        signal,
      );
      this.keep([], subgraph?.links ?? []);
    });
  }

  // kinds counts the links of an entity by kind.
  async kinds(id: string, denied: boolean, signal?: AbortSignal): Promise<Count[]> {
    interface Answer {
      node: { links: { facets: { buckets: Count[] }[] } } | null;
    }
    const { node } = await ask<Answer>(
      'query Kinds($id: ID!, $where: LinkFilter) { node(id: $id) { ... on Entity { links(first: 0, where: $where) { facets(by: [KIND]) { buckets { key count } } } } } }',
      { id, where: withDenied(denied) },
      signal,
    );
    return node?.links.facets[0]?.buckets ?? [];
  }

  // neighbours reads the entities that links of a kind (of any, for '') lead to, those whose links have most sources first.
  async neighbours(
    id: string,
    kind: string,
    denied: boolean,
    text = '',
    signal?: AbortSignal,
  ): Promise<{ ids: string[]; total: number }> {
    const { edges, totalCount } = await this.sides(id, kind, denied, text, null, signal);
    return { ids: [...new Set(edges.map(e => e.node.id))], total: totalCount };
  }

  // next reads the first so many neighbours, in the same order, that are not among those that somebody has.
  async next(id: string, kind: string, denied: boolean, first: number, have: Iterable<string>): Promise<string[]> {
    const had = new Set(have);
    const found = new Set<string>();
    let page: Page = { hasNextPage: true, endCursor: null };
    while (page.hasNextPage && found.size < first) {
      const { edges, pageInfo } = await this.sides(id, kind, denied, '', page.endCursor);
      for (const { node } of edges) {
        if (!had.has(node.id) && found.size < first) {
          found.add(node.id);
        }
      }
      page = pageInfo;
    }
    return [...found];
  }

  // sides reads a page of the links of an entity, as it sees them: those with most sources first.
  private async sides(
    id: string,
    kind: string,
    denied: boolean,
    text: string,
    after: string | null,
    signal?: AbortSignal,
  ) {
    interface Answer {
      node: { links: Paged<{ node: Entity; link: Link }> & { totalCount: number } } | null;
    }
    const where = {
      ...(kind && { kinds: [kind] }),
      ...withDenied(denied),
      ...(text && { other: { name: { contains: sought(text) } } }),
    };
    const { node } = await ask<Answer>(
      `query Neighbours($id: ID!, $most: Int!, $after: String, $where: LinkFilter) {
        node(id: $id) { ... on Entity { links(first: $most, after: $after, where: $where, orderBy: [{field: SOURCE_COUNT, direction: DESC}, {field: NAME}]) {
          totalCount pageInfo { hasNextPage endCursor } edges { node { ...Bits } link { ...LinkBits } }
        } } }
      } ${this.bits} ${linkBits}`,
      { id, most, after, where },
      signal,
    );
    const none: Page = { hasNextPage: false, endCursor: null };
    const page = node?.links ?? { edges: [], pageInfo: none, totalCount: 0 };
    this.keep(
      page.edges.map(e => e.node),
      page.edges.map(e => e.link),
    );
    return page;
  }

  // evidence reads the words behind a link, the first so many.
  async evidence(id: string, first: number, signal?: AbortSignal): Promise<{ totalCount: number; nodes: Evidence[] }> {
    interface Answer {
      link: { evidence: Paged<{ node: Evidence }> & { totalCount: number } } | null;
    }
    let totalCount = 0;
    const { list } = await upTo(first, async (first, after) => {
      const { link } = await ask<Answer>(
        `query Words($id: ID!, $first: Int!, $after: String) { link(id: $id) { evidence(first: $first, after: $after) {
          totalCount edges { node { ...EvidenceBits } } pageInfo { hasNextPage endCursor }
        } } } ${evidenceBits}`,
        { id, first, after },
        signal,
      );
      totalCount = link?.evidence.totalCount ?? 0;
      return link?.evidence;
    });
    return { totalCount, nodes: list.map(e => e.node) };
  }

  // records reads all that is stored of some entities.
  async records(ids: string[]): Promise<EntityRecord[]> {
    const records: EntityRecord[] = [];
    for (const some of chunks(ids, 100)) {
      const { nodes } = await ask<{ nodes: (EntityRecord | null)[] }>(
        `query Records($ids: [ID!]!) { nodes(ids: $ids) { ... on Entity {
          id type name aliases description externalIds { scheme value url } createdAt updatedAt${selection(this.catalog)}
        } } }`,
        { ids: some },
      );
      records.push(...nodes.filter(n => n !== null));
    }
    return records;
  }

  // testimony reads all evidence of a link, and when the link was written.
  async testimony(id: string): Promise<Testimony | null> {
    interface Answer {
      link: (Omit<Testimony, 'evidence'> & { evidence: Pieces }) | null;
    }
    interface Pieces {
      nodes: Evidence[];
      pageInfo: Page;
    }
    const evidence: Evidence[] = [];
    let after: string | null = null;
    for (;;) {
      const answer: Answer = await ask<Answer>(
        `query Testimony($id: ID!, $after: String) { link(id: $id) { createdAt updatedAt
          evidence(first: 100, after: $after) { nodes { ...EvidenceBits } pageInfo { hasNextPage endCursor } }
        } } ${evidenceBits}`,
        { id, after },
      );
      if (!answer.link) {
        return null; // it was deleted meanwhile
      }
      const { createdAt, updatedAt, evidence: page } = answer.link;
      evidence.push(...page.nodes);
      if (!page.pageInfo.hasNextPage) {
        return { createdAt, updatedAt, evidence };
      }
      after = page.pageInfo.endCursor;
    }
  }

  async search(text: string, sources: boolean, signal?: AbortSignal): Promise<Found[]> {
    const { search } = await ask<{ search: { nodes: Found[] } }>(
      'query Search($text: String!, $types: [EntityType!]) { search(text: $text, types: $types, first: 10) { nodes { id type name description } } }',
      { text: sought(text), types: sources ? null : [...this.catalog.types.keys()].filter(t => t !== 'SOURCE') },
      signal,
    );
    return search.nodes;
  }

  // paths finds lines between two entities.
  async paths(
    variables: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<{ lines: Line[]; outcome: string; nearMiss: Line | null }> {
    interface Answer {
      paths: { nodes: Line[]; report: { outcome: string; nearMiss: Line | null } };
    }
    const { paths } = await ask<Answer>(
      `query Paths($from: EntityRef!, $to: EntityRef!, $via: [EntityRef!], $avoid: [EntityRef!], $where: LinkFilter, $independent: Boolean, $rank: PathRank) {
        paths(from: $from, to: $to, via: $via, avoid: $avoid, where: $where, independentSources: $independent, rank: $rank, first: 5) {
          nodes { ...Line } report { outcome nearMiss { ...Line } }
        }
      }
      fragment Line on Path {
        length narrative nodes { ...Bits }
        steps {
          from { ...Bits } to { ...Bits } direction
          link { ...LinkBits evidence(first: 5) { totalCount nodes { ...EvidenceBits } } }
          alternatives { ...LinkBits }
        }
      } ${this.bits} ${linkBits} ${evidenceBits}`,
      variables,
      signal,
    );
    const { nearMiss, outcome } = paths.report;
    for (const line of nearMiss ? [...paths.nodes, nearMiss] : paths.nodes) {
      this.keep(
        line.nodes,
        line.steps.flatMap(s => [s.link, ...s.alternatives]),
      );
    }
    return { lines: paths.nodes, outcome, nearMiss };
  }

  // communities says which community an entity is in, of the eight largest: its place among them, counted from 0. Members are read
  // until all of these entities are found.
  async communities(ids: string[], signal?: AbortSignal): Promise<Measured> {
    interface Answer {
      communities: { edges: { cursor: string; node: { members: { nodes: { id: string }[]; pageInfo: Page } } }[] };
    }
    const read = async (first: number, before: string | null, after: string | null) =>
      (
        await ask<Answer>(
          `query Communities($first: Int!, $before: String, $after: String) { communities(first: $first, after: $before) { edges { cursor node {
            members(first: 100, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
          } } } }`,
          { first, before, after },
          signal,
        )
      ).communities.edges;
    const of = new Map<string, number>();
    const found = await read(8, null, null);
    const lists = found.map(({ node: { members } }, place) => ({
      place,
      before: found[place - 1]?.cursor ?? null,
      read: 0,
      page: members.pageInfo,
      members: members.nodes,
    }));
    const unread = () => lists.filter(l => l.page.hasNextPage && l.read < reach);
    const take = (l: (typeof lists)[0]) => {
      l.members.forEach(m => of.set(m.id, l.place));
      l.read += l.members.length;
    };
    lists.forEach(take);
    while (unread().length > 0 && ids.some(id => !of.has(id))) {
      await together(unread(), async l => {
        const [community] = await read(1, l.before, l.page.endCursor);
        l.page = community?.node.members.pageInfo ?? { hasNextPage: false, endCursor: null };
        l.members = community?.node.members.nodes ?? [];
        take(l);
      });
    }
    return { of, all: lists.every(l => !l.page.hasNextPage), done: unread().length === 0 };
  }

  // centrality is how central entities are, 1 for the most central. They are read, the most central first, until all of these
  // entities are found.
  async centrality(ids: string[], signal?: AbortSignal): Promise<Measured> {
    interface Answer {
      centrality: { edges: { score: number; node: { id: string } }[]; pageInfo: Page };
    }
    const of = new Map<string, number>();
    let page: Page = { hasNextPage: true, endCursor: null };
    let top = 0;
    const unread = () => page.hasNextPage && of.size < reach;
    while (unread() && (of.size === 0 || ids.some(id => !of.has(id)))) {
      const { centrality }: Answer = await ask<Answer>(
        `query Central($after: String) { centrality(by: PAGE_RANK, first: 100, after: $after) {
          edges { score node { id } } pageInfo { hasNextPage endCursor }
        } }`,
        { after: page.endCursor },
        signal,
      );
      top ||= centrality.edges[0]?.score || 1;
      centrality.edges.forEach(e => of.set(e.node.id, e.score / top));
      page = centrality.pageInfo;
    }
    return { of, all: !page.hasNextPage, done: !unread() };
  }
}

// years is the first and the last year that a date or two can mean; null when nothing is known.
export function years(since: string | null, until: string | null): [number, number] | null {
  if (!since && !until) {
    return null;
  }
  return [since ? Number(since.slice(0, 4)) : -Infinity, until ? Number(until.slice(0, 4)) : Infinity];
}
