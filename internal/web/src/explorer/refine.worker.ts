// The worker that refines places: ForceAtlas2, step by step. It tells from time to time where everything stands, and ends
// when it is told to be ended, or when all steps are made.
import iterate from 'graphology-layout-forceatlas2/iterate.js';
import type { Task, Told } from './refine';

const steps = 300;
// While the first steps are made, the scale is sought at which nodes are as far from their nearest as is wanted.
const scaling = 240;
// What is one for the forces is so many pixels: in pixels, a step would be too short.
const unit = 20;
// Numbers of a node and of an edge, and where those stand that are not reckoned with forces alone.
const [perNode, perEdge] = [10, 3];
const [mass, convergence, fixed] = [6, 7, 9];

// nearest is how far nodes are from the one that is nearest to them: the median.
function nearest(nodes: Float32Array): number {
  const points: [number, number][] = [];
  for (let i = 0; i < nodes.length; i += perNode) {
    points.push([nodes[i] as number, nodes[i + 1] as number]);
  }
  points.sort((a, b) => a[0] - b[0]);
  const found = points.map(([x, y], i) => {
    let least = Infinity;
    for (const way of [1, -1]) {
      for (let j = i + way; j >= 0 && j < points.length; j += way) {
        const [ox, oy] = points[j] as [number, number];
        if ((ox - x) ** 2 > least) {
          break; // the others are further to this side
        }
        least = Math.min(least, (ox - x) ** 2 + (oy - y) ** 2);
      }
    }
    return least;
  });
  found.sort((a, b) => a - b);
  return Math.sqrt(found[found.length >> 1] ?? 0);
}

function refine({ places, pinned, edges: ends, apart, shape }: Task) {
  const count = pinned.length;
  // as wide or as high as the window, and nowhere closer than forces alone would have it
  const [wide, high] = [Math.max(1, shape), Math.max(1, 1 / shape)];
  const nodes = new Float32Array(count * perNode);
  const middle = [0, 1].map(axis => places.reduce((sum, p, i) => (i % 2 === axis ? sum + p : sum), 0) / count);
  const [mx = 0, my = 0] = middle;
  for (let i = 0; i < count; i++) {
    // what stands in the same place would have no way to go
    const aside = pinned[i] ? 0 : 0.1 + 0.2 * ((i % 17) / 17);
    const at = i * perNode;
    nodes[at] = ((places[2 * i] as number) - mx) / unit / wide + aside * Math.cos(i * 2.4);
    nodes[at + 1] = ((places[2 * i + 1] as number) - my) / unit / high + aside * Math.sin(i * 2.4);
    nodes[at + mass] = 1;
    nodes[at + convergence] = 1; // the part of its speed that it has
    nodes[at + fixed] = pinned[i] as number;
  }
  const edges = new Float32Array((ends.length / 2) * perEdge);
  for (let i = 0; i < ends.length / 2; i++) {
    // a link from a node to itself pulls nothing
    const weight = ends[2 * i] === ends[2 * i + 1] ? 0 : 1;
    for (const side of [0, 1]) {
      const at = (ends[2 * i + side] as number) * perNode;
      edges[i * perEdge + side] = at;
      nodes[at + mass] = (nodes[at + mass] as number) + weight;
    }
    edges[i * perEdge + 2] = weight;
  }
  const settings = {
    scalingRatio: 1,
    strongGravityMode: true,
    gravity: 0.2,
    slowDown: 1,
    edgeWeightInfluence: 1,
    barnesHutOptimize: count > 400,
    barnesHutTheta: 0.6,
  };
  const tell = (done: boolean) => {
    const now = new Float32Array(2 * count);
    for (let i = 0; i < count; i++) {
      now[2 * i] = (nodes[i * perNode] as number) * unit * wide + mx;
      now[2 * i + 1] = (nodes[i * perNode + 1] as number) * unit * high + my;
    }
    postMessage({ places: now, done } satisfies Told);
  };
  let told = performance.now();
  for (let step = 1; step <= steps; step++) {
    iterate(settings, nodes, edges);
    if (step % 10 === 0 && step <= scaling) {
      const off = apart / unit / nearest(nodes);
      settings.scalingRatio = Math.min(
        200,
        Math.max(0.001, settings.scalingRatio * Math.min(1.5, Math.max(0.67, off))),
      );
    }
    if (performance.now() - told > 100) {
      tell(false);
      told = performance.now();
    }
  }
  tell(true);
}

onmessage = (event: MessageEvent<Task>) => refine(event.data);
