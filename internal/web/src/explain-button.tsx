import { useState } from 'react';
import { ToolbarButton } from '@graphiql/react';
import { storage } from './storage';

const key = 'explain';

// Whether the server is to tell, with each answer, how it was made.
export function explains(): boolean {
  return document.documentElement.dataset.explain === 'true' && storage.getItem(key) === 'true';
}

// Switches that on and off. Not shown where the server does not tell.
export function ExplainButton() {
  const [on, set] = useState(explains);
  if (document.documentElement.dataset.explain !== 'true') {
    return null;
  }

  function toggle() {
    storage.setItem(key, String(!on));
    set(!on);
  }

  return (
    <ToolbarButton onClick={toggle} label={on ? 'Stop explaining answers' : 'Explain answers: plan, statements, times'} aria-pressed={on} className="explain-button">
      <svg className="graphiql-toolbar-icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" aria-hidden="true">
        <circle cx="10" cy="10" r="7" />
        <path d="M10 6v4.4l3 1.8" />
      </svg>
    </ToolbarButton>
  );
}
