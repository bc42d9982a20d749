// What tools/webbuild puts in place of names.

declare module '*.css';

// The names of the bundled workers, next to the script.
declare const EDITOR_WORKER: string;
declare const JSON_WORKER: string;
declare const GRAPHQL_WORKER: string;
declare const REFINE_WORKER: string;

// internal/web/tour/*.graphql, in order.
declare module 'throughline:tour' {
  export interface TourQuery {
    name: string;
    title: string;
    about: string;
    document: string;
    variables: string;
    anywhere: boolean; // it names nothing, and so answers on any graph
  }
  export const tour: TourQuery[];
}

declare module 'cytoscape-fcose' {
  const extension: import('cytoscape').Ext;
  export default extension;
}

declare module 'graphology-layout-forceatlas2/iterate.js' {
  // iterate makes one step: nodes have ten numbers each (place, forces, mass, size, whether they are fixed), edges three.
  export default function iterate(settings: object, nodes: Float32Array, edges: Float32Array): object;
}
