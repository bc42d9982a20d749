// Refines places by forces, beside the page: the worker is loaded when it is first wanted.

// Task is what the worker is given: places as x and y in turn, whether a node is pinned, and edges as pairs of indexes.
export interface Task {
  places: Float32Array;
  pinned: Uint8Array;
  edges: Uint32Array;
  // How far nodes should be from their nearest.
  apart: number;
  // How wide the picture should be for its height.
  shape: number;
}

// Told is what the worker tells.
export interface Told {
  places: Float32Array;
  done: boolean;
}

// refine has places refined, and returns what ends it before it is done.
export function refine(task: Task, onTold: (told: Told) => void, onFailed: () => void): () => void {
  const worker = new Worker(new URL(REFINE_WORKER, import.meta.url), { name: 'refine' });
  worker.onmessage = (event: MessageEvent<Told>) => {
    if (event.data.done) {
      worker.terminate();
    }
    onTold(event.data);
  };
  worker.onerror = onFailed;
  worker.postMessage(task);
  return () => worker.terminate();
}
