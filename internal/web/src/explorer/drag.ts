// Drags that draw only what is dragged. It has a canvas of its own, over that of all else. Cytoscape 3.35 draws both at every
// step of a drag, as it is told that the bounds of what is dragged have changed.
import type { CollectionReturnValue, Core } from 'cytoscape';

// What is used here of Cytoscape's renderer, which its types leave out.
interface Renderer {
  hoverData: { draggingEles?: boolean };
  notify(event: string, elements?: CollectionReturnValue): void;
}

// dragAlone leaves out what is told of the bounds of dragged elements: Cytoscape draws these at each step anyway.
export function dragAlone(cy: Core) {
  const renderer = (cy as unknown as { renderer(): Renderer }).renderer();
  const notify = renderer.notify.bind(renderer);
  const dragged = (x: unknown) => (x as { rscratch(name: string): unknown }).rscratch('inDragLayer') === true;
  renderer.notify = (event, elements) => {
    if (event !== 'bounds' || !renderer.hoverData.draggingEles || !elements?.every(dragged)) {
      notify(event, elements);
    }
  };
}
