// Relay's runtime with what its compiler made of the schema.
import assert from "node:assert/strict";
import { createOperationDescriptor, fetchQuery, getRequest, getSingularSelector, type OperationType } from "relay-runtime";
import { environment } from "../relay/src/environment";
import { list, person, query } from "../relay/src/People";
import { members, query as communities } from "../relay/src/Communities";
import more from "../relay/src/__generated__/CommunitiesMembersQuery.graphql";
import type { CommunitiesQuery } from "../relay/src/__generated__/CommunitiesQuery.graphql";
import type { Communities_members$data } from "../relay/src/__generated__/Communities_members.graphql";
import next from "../relay/src/__generated__/PeopleListQuery.graphql";
import refetch from "../relay/src/__generated__/PeoplePersonQuery.graphql";
import type { PeopleQuery } from "../relay/src/__generated__/PeopleQuery.graphql";
import type { People_list$data } from "../relay/src/__generated__/People_list.graphql";
import type { People_person$data } from "../relay/src/__generated__/People_person.graphql";
import { run, url } from "./run";

run(async () => {
  const env = environment(url);
  const shown = (variables: PeopleQuery["variables"]) => {
    const operation = createOperationDescriptor(getRequest(query), variables);
    env.retain(operation);
    const root = env.lookup(operation.fragment).data;
    return env.lookup(getSingularSelector(list as never, root as never)!).data as unknown as People_list$data;
  };
  const fetched = async (variables: PeopleQuery["variables"]) => {
    await fetchQuery<PeopleQuery>(env, query, variables).toPromise();
    return shown(variables).people!;
  };
  const all = await fetched({ first: 2 });
  const some = await fetched({ first: 2, name: "mary" });
  assert.equal(all.edges.length, 2);
  assert.ok(some.totalCount < all.totalCount, "a filter shows what was loaded without one");

  const { endCursor } = (all as unknown as { pageInfo: { endCursor: string } }).pageInfo;
  await fetchQuery<OperationType>(env, next, { first: 2, after: endCursor, name: null }).toPromise();
  const two = shown({ first: 2 }).people!;
  assert.equal(new Set(two.edges.map((e) => e.node.id)).size, 4);
  assert.deepEqual(shown({ first: 2, name: "mary" }).people!.edges, some.edges);

  const { id } = some.edges[0]!.node;
  await fetchQuery<OperationType>(env, refetch, { id }).toPromise();
  const selector = getSingularSelector(person as never, some.edges[0]!.node as never)!;
  assert.equal((env.lookup(selector).data as unknown as People_person$data).name, "Mary Kaldor");

  // further members of each community, by node(id:), until all are there
  const listed = createOperationDescriptor(getRequest(communities), { members: 2 });
  env.retain(listed);
  await fetchQuery<CommunitiesQuery>(env, communities, { members: 2 }).toPromise();
  const found = (env.lookup(listed.fragment).data as unknown as CommunitiesQuery["response"]).communities!.nodes;
  assert.equal(found.length, 2);
  const seen = new Set<string>();
  for (const community of found) {
    const part = getSingularSelector(members as never, community as never)!;
    const shown = () =>
      env.lookup(part).data as unknown as Communities_members$data & {
        members: { pageInfo: { endCursor: string; hasNextPage: boolean } };
      };
    const { label } = shown();
    assert.equal(shown().members.edges.length, 2);
    while (shown().members.pageInfo.hasNextPage) {
      const before = shown().members.edges.length;
      const after = shown().members.pageInfo.endCursor;
      await fetchQuery<OperationType>(env, more, { id: community.id, first: 2, after }).toPromise();
      assert.ok(shown().members.edges.length > before, "a page of members was not joined");
    }
    assert.equal(shown().label, label);
    assert.equal(shown().members.edges.length, community.size);
    for (const { node } of shown().members.edges) {
      assert.ok(!seen.has(node.id), `${node.id} is in two communities`);
      seen.add(node.id);
    }
    // one who has nothing but the id
    const fresh = environment(url);
    const alone = createOperationDescriptor(getRequest(more), { id: community.id, first: 100 });
    fresh.retain(alone);
    await fetchQuery<OperationType>(fresh, more, { id: community.id, first: 100 }).toPromise();
    const { node } = fresh.lookup(alone.fragment).data as unknown as { node: object };
    const all = fresh.lookup(getSingularSelector(members as never, node as never)!).data as unknown as Communities_members$data;
    assert.deepEqual(all.members.edges.map((e) => e.node.id), shown().members.edges.map((e) => e.node.id));
  }
});
