// All that the app asks.
import { graphql } from "./gql";

export const People = graphql(`
  query People($after: String) {
    people(first: 5, after: $after) {
      totalCount
      edges { node { id name description } }
      pageInfo { hasNextPage endCursor }
    }
  }
`);

export const Details = graphql(`
  query Details($id: ID!) {
    node(id: $id) {
      id
      ... on Entity {
        type
        name
        description
        links(first: 50) {
          edges {
            node { id name }
            link { id sentence evidence(first: 2) { nodes { id excerpt source { id title url } } } }
          }
        }
      }
    }
  }
`);

export const Search = graphql(`
  query Search($text: String!) {
    search(text: $text, first: 20) {
      totalCount
      edges { node { id type name description } }
    }
  }
`);

export const Paths = graphql(`
  query Paths($from: String!, $to: String!) {
    paths(from: { name: $from }, to: { name: $to }, first: 3) {
      nodes {
        nodes { id name }
        steps { link { id sentence evidence(first: 1) { nodes { id excerpt } } } }
      }
      report { outcome }
    }
  }
`);
