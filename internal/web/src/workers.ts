// Monaco's workers are files of ours, next to this script.
export const workers = {
  getWorker(_id: string, label: string): Worker {
    const name = label === 'json' ? JSON_WORKER : label === 'graphql' ? GRAPHQL_WORKER : EDITOR_WORKER;
    return new Worker(new URL(name, import.meta.url), { name: label });
  },
};
