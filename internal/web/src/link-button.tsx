import { useEffect, useState } from 'react';
import { ToolbarButton, useGraphiQL } from '@graphiql/react';
import { makeLink } from './permalink';

// Copies a link to what stands in the editors.
export function LinkButton() {
  const queryEditor = useGraphiQL(state => state.queryEditor);
  const variableEditor = useGraphiQL(state => state.variableEditor);
  const operationName = useGraphiQL(state => state.operationName);
  const operations = useGraphiQL(state => state.operations);
  const [said, say] = useState('');

  useEffect(() => {
    if (said) {
      const timer = setTimeout(() => say(''), 3000);
      return () => clearTimeout(timer);
    }
  }, [said]);

  async function copy() {
    const link = makeLink(window.location.origin + window.location.pathname, {
      query: queryEditor?.getValue() ?? '',
      variables: variableEditor?.getValue() ?? '',
      // a document with one operation needs no name
      operationName: operations && operations.length > 1 ? operationName ?? '' : '',
    });
    try {
      await navigator.clipboard.writeText(link);
      say('Link copied');
    } catch {
      // the clipboard is closed to pages that are neither https nor on this machine
      window.history.replaceState(null, '', link);
      say('The link is in the address bar');
    }
  }

  return (
    <div className="link-button">
      <ToolbarButton onClick={copy} label="Copy link to this query">
        <svg className="graphiql-toolbar-icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
          <path d="M8.4 11.6a3.4 3.4 0 0 0 4.8 0l3-3a3.4 3.4 0 0 0-4.8-4.8l-1 1" />
          <path d="M11.6 8.4a3.4 3.4 0 0 0-4.8 0l-3 3a3.4 3.4 0 0 0 4.8 4.8l1-1" />
        </svg>
      </ToolbarButton>
      <div className="link-said" role="status" data-shown={said !== ''}>
        {said}
      </div>
    </div>
  );
}
