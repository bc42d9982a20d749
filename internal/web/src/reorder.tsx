import { Children, cloneElement, isValidElement, type ComponentProps, type ReactElement } from 'react';

// GraphiQL's tabs are a list that framer-motion lets people reorder by dragging. This stands in its place (tools/webbuild):
// a plain list of buttons, each with its own button to close it. Buttons may not stand inside of a tab, so the list has
// no roles of tabs; the button of the tab that is shown says that it is the current one.

type Unused = 'value' | 'values' | 'onReorder' | 'dragConstraints' | 'dragElastic' | 'axis';

function Group({ value: _v, values: _vs, onReorder: _o, axis: _a, role: _r, ...props }: ComponentProps<'ul'> & { [k in Unused]?: unknown }) {
  return <ul {...(props as ComponentProps<'ul'>)} />;
}

function Item({ value: _v, dragConstraints: _c, dragElastic: _e, role: _r, 'aria-selected': current, children, ...props }: ComponentProps<'li'> & { [k in Unused]?: unknown }) {
  const [button, ...rest] = Children.toArray(children);
  return (
    <li {...(props as ComponentProps<'li'>)}>
      {isValidElement(button) ? cloneElement(button as ReactElement<{ 'aria-current'?: boolean }>, { 'aria-current': current === true || undefined }) : button}
      {rest}
    </li>
  );
}

export const Reorder = { Group, Item };
