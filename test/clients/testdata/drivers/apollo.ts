// Apollo Client with the settings that are printed for it.
import assert from "node:assert/strict";
import { gql } from "@apollo/client";
import { apollo } from "../src/apollo";
import { Details, People } from "../src/documents";
import { persisted } from "../src/persisted";
import { url, run } from "./run";

run(async () => {
  const client = apollo(url);
  const all = (await client.query({ query: People, variables: { first: 2 } })).data!.people!;
  const some = (await client.query({ query: People, variables: { first: 2, name: "mary" } })).data!.people!;
  assert.equal(all.edges.length, 2);
  assert.ok(some.totalCount < all.totalCount, "a filter shows what was loaded without one");

  const list = client.watchQuery({ query: People, variables: { first: 2 } });
  list.subscribe(() => {});
  await list.fetchMore({ variables: { after: all.pageInfo.endCursor } });
  const two = (await client.query({ query: People, variables: { first: 2 }, fetchPolicy: "cache-only" })).data!.people!;
  assert.equal(new Set(two.edges.map((e) => e.node.id)).size, 4);
  assert.deepEqual(two.edges.slice(0, 2), all.edges);
  const still = await client.query({ query: People, variables: { first: 2, name: "mary" }, fetchPolicy: "cache-only" });
  assert.deepEqual(still.data!.people!.edges, some.edges);

  // nodes alone, both ways
  type Nodes = { people: { nodes: { id: string }[]; pageInfo: Record<string, string | boolean> } };
  const Nodes = gql`
    query Nodes($first: Int, $after: String, $last: Int, $before: String) {
      people(first: $first, after: $after, last: $last, before: $before, where: { linkCount: { gte: 0 } }) {
        nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
      }
    }`;
  const ids = async (variables: Record<string, unknown>) =>
    (await apollo(url).query<Nodes>({ query: Nodes, variables })).data!.people!.nodes.map((n) => n.id);
  const page = async (begin: Record<string, unknown>, next: (p: Nodes["people"]["pageInfo"]) => Record<string, unknown>) => {
    const own = apollo(url);
    const first = await own.query<Nodes>({ query: Nodes, variables: begin });
    const watched = own.watchQuery<Nodes>({ query: Nodes, variables: begin });
    watched.subscribe(() => {});
    await watched.fetchMore({ variables: next(first.data!.people!.pageInfo) });
    return (await own.query<Nodes>({ query: Nodes, variables: begin, fetchPolicy: "cache-only" })).data!.people!;
  };
  const forth = await page({ first: 2 }, (p) => ({ first: 2, after: p.endCursor }));
  assert.deepEqual(forth.nodes.map((n) => n.id), await ids({ first: 4 }));
  assert.equal(forth.pageInfo.hasPreviousPage, false);
  const back = await page({ last: 2 }, (p) => ({ first: undefined, last: 2, before: p.startCursor }));
  assert.deepEqual(back.nodes.map((n) => n.id), await ids({ last: 4 }));
  assert.equal(back.pageInfo.hasNextPage, false);

  // values are merged: what one query asked for is there when another has asked for the rest
  await client.query({ query: gql`{ serverInfo { version limits { maxDepth } } stats { sources } }` });
  await client.query({ query: gql`{ serverInfo { readOnly limits { maxCost } } stats { refutedLinks } }` });
  const both = await client.query<any>({
    query: gql`{ serverInfo { version readOnly limits { maxDepth maxCost } } stats { sources refutedLinks } }`,
    fetchPolicy: "cache-only",
  });
  assert.ok(both.data?.serverInfo.version && both.data.serverInfo.limits.maxCost && both.data.stats.sources);

  // a fragment on an interface, from the cache
  const details = { query: Details, variables: { id: "mary-kaldor" } };
  await client.query(details);
  const node = (await client.query({ ...details, fetchPolicy: "cache-only" })).data!.node;
  assert.ok(node && "name" in node && node.name === "Mary Kaldor");

  // twice: the server learns the hash, and then knows it
  for (let i = 0; i < 2; i++) {
    const known = await persisted(url).query({ query: People, variables: { first: 2 } });
    assert.deepEqual(known.data!.people!.edges, all.edges);
  }
});
