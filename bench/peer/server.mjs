// The peer: @neo4j/graphql behind Apollo Server, configured as their guides do. It answers about the same graph as
// bench/theirs.go loads. Settings: NEO4J_URL, NEO4J_USER, NEO4J_PASSWORD; it prints its address when it is ready.
import { ApolloServer } from "@apollo/server";
import { startStandaloneServer } from "@apollo/server/standalone";
import { Neo4jGraphQL } from "@neo4j/graphql";
import neo4j from "neo4j-driver";

const typeDefs = `#graphql
  type Person @node @fulltext(indexes: [{ indexName: "personName", queryName: "peopleByName", fields: ["name"] }]) {
    id: String!
    name: String!
    born: Int
    description: String
    affiliations: [Institution!]! @relationship(type: "AFFILIATED_WITH", direction: OUT, properties: "Affiliation")
    events: [Event!]! @relationship(type: "PARTICIPATED_IN", direction: OUT, properties: "Participation")
    quotes: [Quote!]! @relationship(type: "SAID", direction: OUT, properties: "Evidence")
  }
  type Institution @node @fulltext(indexes: [{ indexName: "institutionName", queryName: "institutionsByName", fields: ["name"] }]) {
    id: String!
    name: String!
    founded: Int
    people: [Person!]! @relationship(type: "AFFILIATED_WITH", direction: IN, properties: "Affiliation")
    organized: [Event!]! @relationship(type: "ORGANIZED", direction: OUT, properties: "Evidence")
    parents: [Institution!]! @relationship(type: "PART_OF", direction: OUT, properties: "Evidence")
  }
  type Event @node {
    id: String!
    name: String!
    date: String
    participants: [Person!]! @relationship(type: "PARTICIPATED_IN", direction: IN, properties: "Participation")
    organizers: [Institution!]! @relationship(type: "ORGANIZED", direction: IN, properties: "Evidence")
    quotes: [Quote!]! @relationship(type: "SAID_AT", direction: IN, properties: "Evidence")
    themes: [Theme!]! @relationship(type: "ADDRESSED", direction: OUT, properties: "Evidence")
  }
  type Quote @node {
    id: String!
    text: String!
    date: String
    speakers: [Person!]! @relationship(type: "SAID", direction: IN, properties: "Evidence")
    events: [Event!]! @relationship(type: "SAID_AT", direction: OUT, properties: "Evidence")
    themes: [Theme!]! @relationship(type: "ABOUT", direction: OUT, properties: "Evidence")
  }
  type Theme @node {
    id: String!
    name: String!
    quotes: [Quote!]! @relationship(type: "ABOUT", direction: IN, properties: "Evidence")
    events: [Event!]! @relationship(type: "ADDRESSED", direction: IN, properties: "Evidence")
    broader: [Theme!]! @relationship(type: "BROADER", direction: OUT, properties: "Evidence")
  }
  type Affiliation @relationshipProperties { role: String since: Int excerpts: [String!]! titles: [String!]! }
  type Participation @relationshipProperties { role: String excerpts: [String!]! titles: [String!]! }
  type Evidence @relationshipProperties { excerpts: [String!]! titles: [String!]! }
  type PathStep { id: String! label: String! }
  type Query {
    shortestPath(from: String!, to: String!): [PathStep!]! @cypher(
      statement: """
      MATCH (a:Person {id: $from}), (b:Person {id: $to})
      MATCH p = shortestPath((a)-[*..8]-(b))
      UNWIND nodes(p) AS n
      RETURN {id: n.id, label: labels(n)[0]} AS step
      """, columnName: "step")
  }
`;

const driver = neo4j.driver(
  process.env.NEO4J_URL,
  neo4j.auth.basic(process.env.NEO4J_USER, process.env.NEO4J_PASSWORD),
);
const neoSchema = new Neo4jGraphQL({
  typeDefs,
  driver,
  features: { filters: { String: { GT: true, GTE: true, LTE: true } } },
});
const server = new ApolloServer({ schema: await neoSchema.getSchema() });
const { url } = await startStandaloneServer(server, { listen: { host: "127.0.0.1", port: 0 } });
console.log(`ready ${url}`);
