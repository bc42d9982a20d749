import { useEffect } from 'react';
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';

// The keys of monaco-editor's enumerations, which would bring all of it into this script.
const escape = 9;

// Where Escape has something of the editor's own to close first.
const nothingOpen =
  '!suggestWidgetVisible && !findWidgetVisible && !parameterHintsVisible && !markersNavigationVisible && !editorHasMultipleSelections && !inSnippetMode && !referenceSearchVisible && !editorHoverVisible';

// Sets up the editors when they are there: their font, their lines, the way out by Escape, and the keys of the page.
export function Editors() {
  const queryEditor = useGraphiQL(state => state.queryEditor);
  const variableEditor = useGraphiQL(state => state.variableEditor);
  const headerEditor = useGraphiQL(state => state.headerEditor);
  const responseEditor = useGraphiQL(state => state.responseEditor);
  const activeTabIndex = useGraphiQL(state => state.activeTabIndex);
  const tabs = useGraphiQL(state => state.tabs.length);
  const { run } = useGraphiQLActions();

  useEffect(() => {
    const named = { 'Query': queryEditor, 'Variables, as JSON': variableEditor, 'Headers, as JSON': headerEditor, 'Answer': responseEditor };
    const undo = Object.entries(named).map(([name, editor]) => {
      if (!editor) {
        return undefined;
      }
      const fontFamily = getComputedStyle(document.documentElement).getPropertyValue('--throughline-mono');
      // long lines, such as the tour's comments, are wrapped rather than cut off at the edge of a narrow pane
      editor.updateOptions({ fontFamily, fontSize: 14, ariaLabel: `${name}. Escape leaves the editor, Enter goes back into it.`, ...(editor === queryEditor && { wordWrap: 'on' }) });
      return editor.addAction({
        id: 'throughline-leave',
        label: 'Leave the Editor',
        keybindings: [escape],
        keybindingContext: nothingOpen,
        run: e => e.getContainerDomNode().focus(),
      });
    });
    return () => undo.forEach(u => u?.dispose());
  }, [queryEditor, variableEditor, headerEditor, responseEditor]);

  // Typing and Ctrl+Enter go to the query from the start, but on devices where that would bring a keyboard up.
  useEffect(() => {
    if (queryEditor && document.activeElement === document.body && !matchMedia('(pointer: coarse)').matches) {
      queryEditor.focus();
    }
  }, [queryEditor]);

  // Elsewhere on the page Ctrl+Enter runs the query, too. What was pressed before the editors were there is not lost.
  const ready = Boolean(queryEditor && responseEditor);
  useEffect(() => {
    if (ready && pressed) {
      pressed = false;
      void run();
    }
    function onKey(event: KeyboardEvent) {
      if (isRun(event) && !event.defaultPrevented && ready && document.querySelector('[role="dialog"]') === null) {
        event.preventDefault();
        void run();
      }
    }
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [ready, run]);

  // The tab that is shown is in view.
  useEffect(() => {
    const list = document.querySelector<HTMLElement>('.graphiql-tabs');
    const tab = list?.querySelector<HTMLElement>('.graphiql-tab-active');
    if (list && tab) {
      const left = tab.offsetLeft - list.offsetLeft;
      list.scrollLeft = Math.min(Math.max(list.scrollLeft, left + tab.offsetWidth - list.clientWidth), left);
    }
  }, [activeTabIndex, tabs]);
  return null;
}

// Has the editors follow the system's colours, where nobody chose others: GraphiQL asks for these once.
export function Colours() {
  const theme = useGraphiQL(state => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => theme === null && setTheme(null);
    dark.addEventListener('change', follow);
    return () => dark.removeEventListener('change', follow);
  }, [theme, setTheme]);
  return null;
}

function isRun(event: KeyboardEvent): boolean {
  return event.key === 'Enter' && (event.ctrlKey || event.metaKey);
}

let pressed = false;

// Called at once, long before the editors are there.
export function watchKeys() {
  window.addEventListener('keydown', event => {
    if (isRun(event) && document.querySelector('.graphiql-execute-button') === null) {
      pressed = true;
    }
  });
}
