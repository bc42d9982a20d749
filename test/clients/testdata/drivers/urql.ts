// urql's normalized cache with the settings that are printed for it.
import assert from "node:assert/strict";
import { Details, People } from "../src/documents";
import { urql } from "../src/urql";
import { run, url } from "./run";

run(async () => {
  const client = urql(url);
  const people = async (variables: { first: number; after?: string | null; name?: string }, cached = false) => {
    const { data, error } = await client.query(People, variables, cached ? { requestPolicy: "cache-only" } : {}).toPromise();
    assert.ifError(error);
    return data!.people!;
  };
  const all = await people({ first: 2 });
  const some = await people({ first: 2, name: "mary" });
  assert.equal(all.edges.length, 2);
  assert.ok(some.totalCount < all.totalCount, "a filter shows what was loaded without one");
  const two = await people({ first: 2, after: all.pageInfo.endCursor });
  assert.equal(new Set(two.edges.map((e) => e.node.id)).size, 4);
  assert.deepEqual(two.edges.slice(0, 2), all.edges);
  assert.deepEqual((await people({ first: 2, name: "mary" }, true)).edges, some.edges);

  await client.query(Details, { id: "mary-kaldor" }).toPromise();
  const { data } = await client.query(Details, { id: "mary-kaldor" }, { requestPolicy: "cache-only" }).toPromise();
  assert.ok(data?.node && "name" in data.node && data.node.name === "Mary Kaldor");

  // values within values within lists, and a union or interface in each
  const { data: whole, error } = await client
    .query<any>(`{ serverInfo { limits { maxDepth } } search(text: "kaldor") { edges { node { id name ... on Person { born } } } }
      subgraph(seeds: [{ name: "NATO" }]) { nodes { id name } frontier { hiddenLinks } } }`, {})
    .toPromise();
  assert.ifError(error);
  assert.ok(whole.search.edges.length > 0 && whole.subgraph.nodes.length > 0);
});
