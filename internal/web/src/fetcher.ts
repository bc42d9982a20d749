import type { GraphiQLProps } from 'graphiql';
import { explains } from './explain-button';

type Fetcher = GraphiQLProps['fetcher'];
type Sink = { next(value: unknown): void; error(reason: unknown): void; complete(): void };

// One POST for each run. Stopping a run ends its request, and with it the statement on the server's store.
export function makeFetcher(url: string): Fetcher {
  const fetcher = (params: unknown, opts?: { headers?: Record<string, unknown> }) => ({
    subscribe(sink: Sink) {
      const abort = new AbortController();
      send(url, params, opts?.headers, abort.signal).then(
        answer => {
          sink.next(answer);
          sink.complete();
        },
        reason => {
          if (!abort.signal.aborted) {
            sink.error(reason);
          }
        },
      );
      return { unsubscribe: () => abort.abort() };
    },
  });
  return fetcher as Fetcher;
}

async function send(url: string, params: unknown, headers: Record<string, unknown> | undefined, signal: AbortSignal): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json', // errors of a request come with 200 then: browsers report anything else as a fault of the page
        ...(explains() && { 'X-Throughline-Explain': '1' }),
        ...(headers as Record<string, string> | undefined),
      },
      body: JSON.stringify(params),
      signal,
    });
  } catch (reason) {
    if (signal.aborted) {
      throw reason;
    }
    throw new Error('The server cannot be reached. Is it still running?');
  }
  const text = await response.text();
  try {
    const answer = JSON.parse(text) as { errors?: { extensions?: { code?: string } }[] };
    if (answer.errors?.some(e => ['UNAUTHENTICATED', 'FORBIDDEN'].includes(e.extensions?.code ?? ''))) {
      tellIfEnded();
    }
    return answer;
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText} with something that is not JSON: ${text.slice(0, 200)}`);
  }
}

// What tells that the session has ended is loaded when something was refused to somebody who was logged in.
function tellIfEnded() {
  const page = document.getElementById('playground');
  if (page && document.querySelector('aside.account form')) {
    void import('./explorer/ended').then(({ tell }) => tell(page));
  }
}
