import { useEffect, useRef, useState } from 'react';
import { useGraphiQL } from '@graphiql/react';
import type { GraphiQLProps } from 'graphiql';
import type { draw } from './explorer/draw';
import { words } from './explorer/words';

// The data of an answer; undefined while there is none.
function dataOf(answer: string | undefined): unknown {
  try {
    return answer ? ((JSON.parse(answer) as { data?: unknown }).data ?? undefined) : undefined;
  } catch {
    return undefined;
  }
}

// The answer as a picture. What draws it is loaded when the panel is first opened.
function Picture() {
  const editor = useGraphiQL(state => state.responseEditor);
  const [answer, setAnswer] = useState(() => editor?.getValue());
  const [drawing, setDrawing] = useState<{ draw: typeof draw } | null>(null);
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    setAnswer(editor?.getValue());
    const listening = editor?.onDidChangeModelContent(() => setAnswer(editor.getValue()));
    const changing = editor?.onDidChangeModel(() => setAnswer(editor.getValue()));
    return () => {
      listening?.dispose();
      changing?.dispose();
    };
  }, [editor]);
  useEffect(() => {
    let gone = false;
    void import('./explorer/draw').then(module => gone || setDrawing({ draw: module.draw }));
    return () => {
      gone = true;
    };
  }, []);
  const data = dataOf(answer);
  useEffect(
    () => (host.current && drawing && data !== undefined ? drawing.draw(host.current, data) : undefined),
    [drawing, answer],
  );
  return (
    <section aria-label={words.answer.title} className="graph-panel">
      <div className="graphiql-doc-explorer-title">{words.answer.title}</div>
      {data === undefined && <p>{words.answer.run}</p>}
      <div ref={host} />
    </section>
  );
}

function GraphIcon() {
  return (
    <svg viewBox="0 0 20 20" height="1em" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round">
      <path d="M5 5.5 14.5 9M5 5.5l3 9.5M8 15l6.5-6" />
      <g fill="currentColor" stroke="none">
        <circle cx="5" cy="5.5" r="2.6" />
        <circle cx="15" cy="9" r="2.6" />
        <circle cx="8" cy="15.5" r="2.6" />
      </g>
    </svg>
  );
}

export const graphPlugin: NonNullable<GraphiQLProps['plugins']>[number] = {
  title: words.answer.title,
  icon: GraphIcon,
  content: Picture,
};
