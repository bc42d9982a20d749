// A link to a query: /playground#query=…&variables=…&operationName=…
//
// Links are made with a fragment: it is never sent, so it meets no length limit of a server and stands in no log. A
// query string with the same names is read too, because that is what people write by hand. Headers are never part of a
// link: they hold tokens.

export interface Linked {
  query: string;
  variables: string;
  operationName: string;
}

export function makeLink(page: string, { query, variables, operationName }: Linked): string {
  const params = new URLSearchParams({ query });
  if (variables.trim() && variables.trim() !== '{}') {
    params.set('variables', variables);
  }
  if (operationName) {
    params.set('operationName', operationName);
  }
  return `${page}#${params}`;
}

export function readLink(url: URL): Linked | null {
  for (const params of [new URLSearchParams(url.hash.slice(1)), url.searchParams]) {
    const query = params.get('query');
    if (query) {
      return {
        query,
        variables: indent(params.get('variables') ?? ''),
        operationName: params.get('operationName') ?? '',
      };
    }
  }
  return null;
}

// Variables written on one line are opened up for reading; what is no JSON is shown as it came.
function indent(variables: string): string {
  if (!variables || variables.includes('\n')) {
    return variables;
  }
  try {
    return JSON.stringify(JSON.parse(variables), null, 2);
  } catch {
    return variables;
  }
}
