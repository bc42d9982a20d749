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
  standing: 'SUPPORTED' | 'DISPUTED' | 'REFUTED';
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

// most is how many links of one entity are drawn one by one; beyond, they stand as groups.
export const most = 50;

const linkBits =
  'fragment LinkBits on Link { id kind from { id } to { id } role since until sentence standing supportCount }';
const sourceBits = 'fragment SourceBits on Source { id title url publisher authors publishedOn kind }';
const evidenceBits = `fragment EvidenceBits on Evidence { id excerpt prefix suffix stance verified source { ...SourceBits } } ${sourceBits}`;

// together does something with each of a list, three at a time: the server answers one while the page reads another.
async function together<T>(list: T[], f: (x: T) => Promise<void>): Promise<void> {
  const rest = list.values();
  await Promise.all(
    [1, 2, 3].map(async () => {
      for (const x of rest) {
        await f(x);
      }
    }),
  );
}

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

  // between lists the known links whose two ends are both among some entities.
  between(ids: Iterable<string>): Link[] {
    const shown = new Set(ids);
    return [...this.links.values()].filter(l => shown.has(l.from.id) && shown.has(l.to.id));
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

  // join reads all links among some entities.
  async join(ids: string[], signal?: AbortSignal): Promise<void> {
    // a question takes 1,000 entities: of more, each half of that is asked about with each other
    const blocks = chunks(ids, 500);
    const all =
      blocks.length === 1 ? blocks : blocks.flatMap((b, i) => blocks.slice(i + 1).map(other => [...b, ...other]));
    await together(all, async seeds => {
      const { subgraph } = await ask<{ subgraph: { links: Link[] } | null }>(
        `query Join($seeds: [EntityRef!]!) { subgraph(seeds: $seeds, depth: 0, maxNodes: 1000) { links { ...LinkBits } } } ${linkBits}`,
        { seeds: seeds.map(id => ({ id })) },
        signal,
      );
      this.keep([], subgraph?.links ?? []);
    });
  }

  // kinds counts the links of an entity by kind.
  async kinds(id: string, signal?: AbortSignal): Promise<Count[]> {
    interface Answer {
      node: { links: { facets: { buckets: Count[] }[] } } | null;
    }
    const { node } = await ask<Answer>(
      'query Kinds($id: ID!) { node(id: $id) { ... on Entity { links(first: 0) { facets(by: [KIND]) { buckets { key count } } } } } }',
      { id },
      signal,
    );
    return node?.links.facets[0]?.buckets ?? [];
  }

  // neighbours reads the entities that links of a kind (of any, for '') lead to, those whose links have most sources first.
  async neighbours(
    id: string,
    kind: string,
    text = '',
    signal?: AbortSignal,
  ): Promise<{ ids: string[]; total: number }> {
    interface Answer {
      node: { links: { totalCount: number; edges: { node: Entity; link: Link }[] } } | null;
    }
    const where = { ...(kind && { kinds: [kind] }), ...(text && { other: { name: { contains: text } } }) };
    const { node } = await ask<Answer>(
      `query Neighbours($id: ID!, $most: Int!, $where: LinkFilter) {
        node(id: $id) { ... on Entity { links(first: $most, where: $where, orderBy: [{field: SOURCE_COUNT, direction: DESC}, {field: NAME}]) {
          totalCount edges { node { ...Bits } link { ...LinkBits } }
        } } }
      } ${this.bits} ${linkBits}`,
      { id, most, where },
      signal,
    );
    const edges = node?.links.edges ?? [];
    this.keep(
      edges.map(e => e.node),
      edges.map(e => e.link),
    );
    return { ids: [...new Set(edges.map(e => e.node.id))], total: node?.links.totalCount ?? 0 };
  }

  // evidence reads the words behind a link, the first so many.
  async evidence(id: string, first: number, signal?: AbortSignal): Promise<{ totalCount: number; nodes: Evidence[] }> {
    interface Answer {
      link: { evidence: { totalCount: number; nodes: Evidence[] } } | null;
    }
    const { link } = await ask<Answer>(
      `query Words($id: ID!, $first: Int!) { link(id: $id) { evidence(first: $first) { totalCount nodes { ...EvidenceBits } } } } ${evidenceBits}`,
      { id, first },
      signal,
    );
    return link?.evidence ?? { totalCount: 0, nodes: [] };
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
      link: (Omit<Testimony, 'evidence'> & { evidence: Page }) | null;
    }
    interface Page {
      nodes: Evidence[];
      pageInfo: { hasNextPage: boolean; endCursor: string | null };
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
      { text, types: sources ? null : [...this.catalog.types.keys()].filter(t => t !== 'SOURCE') },
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

  // communities says which community an entity is in: its place among the largest, counted from 0.
  async communities(signal?: AbortSignal): Promise<Map<string, number>> {
    interface Answer {
      communities: { nodes: { members: { nodes: { id: string }[] } }[] };
    }
    const { communities } = await ask<Answer>(
      'query Communities { communities(first: 8) { nodes { members(first: 100) { nodes { id } } } } }',
      {},
      signal,
    );
    return new Map(communities.nodes.flatMap((c, i) => c.members.nodes.map(m => [m.id, i] as const)));
  }

  // centrality is how central the most central entities are, 1 for the first.
  async centrality(signal?: AbortSignal): Promise<Map<string, number>> {
    interface Answer {
      centrality: { edges: { score: number; node: { id: string } }[] };
    }
    const { centrality } = await ask<Answer>(
      'query Central { centrality(by: PAGE_RANK, first: 100) { edges { score node { id } } } }',
      {},
      signal,
    );
    const top = centrality.edges[0]?.score || 1;
    return new Map(centrality.edges.map(e => [e.node.id, e.score / top]));
  }
}

// years is the first and the last year that a date or two can mean; null when nothing is known.
export function years(since: string | null, until: string | null): [number, number] | null {
  if (!since && !until) {
    return null;
  }
  return [since ? Number(since.slice(0, 4)) : -Infinity, until ? Number(until.slice(0, 4)) : Infinity];
}
