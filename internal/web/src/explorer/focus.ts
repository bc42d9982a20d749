// Where the focus goes when what has it is removed, or can be used no more: to what stands beside it. Browsers leave it
// nowhere, and who uses keys, or listens, would begin at the top of the page again.

const usable = 'a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex="0"]';

const isThere = (e: HTMLElement) => e.isConnected && !e.matches(':disabled') && e.checkVisibility();

// within finds what can have the focus in an element, or is it; null for nothing.
function within(e: Element | undefined): HTMLElement | null {
  const all = e ? [e, ...e.querySelectorAll(usable)] : [];
  return (
    (all.find(x => x instanceof HTMLElement && x.matches(usable) && isThere(x)) as HTMLElement | undefined) ?? null
  );
}

// keepFocus watches a page. Of a view that is left as a whole nothing is kept: that one begins anew is for it to say.
export function keepFocus(main: string) {
  let last: HTMLElement | null = null;
  let ways: { parent: Element; at: number }[] = []; // from what has the focus upwards
  const note = (e: HTMLElement) => {
    last = e;
    ways = [];
    for (let x: Element = e; x.parentElement && !x.parentElement.matches(main); x = x.parentElement) {
      ways.push({ parent: x.parentElement, at: [...x.parentElement.children].indexOf(x) });
    }
  };
  addEventListener('focusin', event => event.target instanceof HTMLElement && note(event.target));
  // who points elsewhere wants the focus there, or nowhere
  addEventListener('pointerdown', () => (last = null), true);
  new MutationObserver(() => {
    if (!last || isThere(last)) {
      if (last) {
        note(last);
      }
      return;
    }
    const gone = last;
    last = null;
    if (document.activeElement !== document.body && document.activeElement !== gone) {
      return;
    }
    for (const { parent, at } of ways.filter(w => w.parent.isConnected)) {
      const beside = [...parent.children];
      for (const e of [...beside.slice(at), ...beside.slice(0, at).reverse()]) {
        const next = within(e);
        if (next) {
          next.focus();
          return;
        }
      }
    }
  }).observe(document.documentElement, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['disabled', 'hidden'],
  });
}
