// One way to ask the server: POST, JSON, one answer.
import { words } from './words';

export interface Problem {
  message: string;
  path?: (string | number)[];
  extensions?: {
    code?: string;
    argument?: string[];
    suggestions?: { id: string; name: string; type: string }[];
    candidates?: { id: string; name: string; type: string }[];
  };
}

// Refused is an answer with errors: those of its fields, or of the request.
export class Refused extends Error {
  readonly problems: Problem[];

  constructor(problems: Problem[]) {
    super(problems[0]?.message ?? words.errors.title);
    this.problems = problems;
  }

  get code(): string {
    return this.problems[0]?.extensions?.code ?? '';
  }
}

// chunks cuts a list into parts of so many, as one question takes no more.
export function chunks<T>(list: T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let i = 0; i < list.length; i += size) {
    parts.push(list.slice(i, i + size));
  }
  return parts;
}

// Whether who was logged in when the page was loaded is so no more. Events of this name are sent when that changes: what is
// drawn stays, and questions that were refused are asked again.
export const session = { ended: false, changed: 'session' };

function note(ended: boolean) {
  if (session.ended !== ended) {
    session.ended = ended;
    dispatchEvent(new Event(session.changed));
  }
}

const isLoggedIn = () => document.querySelector('aside.account form') !== null;

// look asks who is there, where a page was shown to somebody who was logged in: readers may go on without a session, and
// would only be told that they may not write.
export async function look(): Promise<void> {
  const { viewer } = await ask<{ viewer: { subject: string | null } }>('{ viewer { subject } }');
  note(isLoggedIn() && viewer.subject === null);
}

// What of the view that is shown is left out, as the store holds it damaged: the server's words. Events of this name are
// sent when that changes.
export const damage = { told: [] as string[], changed: 'damage' };

export function tellDamage(told: string[]) {
  if (told.length !== damage.told.length) {
    damage.told = told;
    dispatchEvent(new Event(damage.changed));
  }
}

// isAnswered reports whether the field of an error has a value all the same, from which something is left out.
function isAnswered(data: unknown, { path }: Problem): boolean {
  const at = (value: unknown, key: string | number) => (value as Record<string | number, unknown> | null)?.[key];
  return path !== undefined && (path.reduce(at, data) ?? null) !== null;
}

// ask asks, and refuses an answer in which a field has failed. What is damaged in the store is left out of lists: the rest
// is shown, and the damage told. Where a part will do, fields may be null, of which one names what several are, or what is
// damaged.
export async function ask<T>(
  query: string,
  variables: Record<string, unknown> = {},
  signal?: AbortSignal,
  part = false,
): Promise<T> {
  const url = document.documentElement.dataset.graphql || '/graphql';
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ query, variables }),
      signal: signal ?? null,
    });
  } catch (reason) {
    if (signal?.aborted) {
      throw reason;
    }
    throw new Error(words.errors.offline);
  }
  if (response.status === 401) {
    note(true);
  }
  let answer: { data?: T | null; errors?: Problem[] };
  try {
    answer = await response.json();
  } catch {
    throw new Error(words.errors.strange(response.status));
  }
  const { data, errors = [] } = answer;
  const isDamage = (e: Problem) => e.extensions?.code === 'CORRUPT' && (part || isAnswered(data, e));
  const failed = errors.filter(e => !isDamage(e) && !(part && e.extensions?.code === 'AMBIGUOUS_REF'));
  if (failed.length > 0 || !data) {
    const refused = new Refused(failed.length > 0 ? failed : errors);
    if (refused.code === 'FORBIDDEN' && isLoggedIn()) {
      void look();
    }
    throw refused;
  }
  if (!signal?.aborted) {
    tellDamage([...new Set([...damage.told, ...errors.filter(isDamage).map(e => e.message)])]);
  }
  return data;
}
