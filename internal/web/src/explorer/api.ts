// One way to ask the server: POST, JSON, one answer.
import { words } from './words';

export interface Problem {
  message: string;
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

// ask asks, and refuses an answer with errors, unless a part of it will do.
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
  let answer: { data?: T | null; errors?: Problem[] };
  try {
    answer = await response.json();
  } catch {
    throw new Error(words.errors.strange(response.status));
  }
  if ((answer.errors?.length && !part) || !answer.data) {
    throw new Refused(answer.errors ?? []);
  }
  return answer.data;
}
