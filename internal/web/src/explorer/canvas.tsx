/** @jsxImportSource preact */
// The picture: Cytoscape on a canvas, and beside it a list of the same entities, for the keyboard and for those who listen.
import { useEffect, useImperativeHandle, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { forwardRef } from 'preact/compat';
import cytoscape, { type Core, type ElementDefinition, type NodeSingular } from 'cytoscape';
import fcose from 'cytoscape-fcose';
import { dragAlone } from './drag';
import { refine } from './refine';
import type { Scene, SceneEdge, SceneNode } from './scene';
import { shapeOf } from './shapes';
import { choice, chosen, toggled, type Selection } from './state';
import { words } from './words';

cytoscape.use(fcose);

type Places = Record<string, [number, number]>;

export interface CanvasHandle {
  fit(): void;
  zoom(factor: number): void;
  find(id: string): void;
  // focus gives the focus to an entry of the list beside the picture; leave, to one beside some that are hidden next.
  focus(id: string): void;
  leave(ids: string[]): void;
  png(): Promise<Blob>;
  places(): Places;
  // arrange places anew what is not pinned; refine has its places refined; stop leaves what moves where it is; settled waits
  // until nothing moves.
  arrange(): void;
  refine(): void;
  stop(): void;
  settled(): Promise<void>;
}

// Told apart by colour and by shape. Taken from the palette of Okabe and Ito (2008), which the colour-blind can read.
export const colours = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#e69f00',
  '#56b4e9',
  '#a89f00',
  '#7a5cc0',
  '#888888',
];

// largest is how many pixels a picture that is saved is wide, or high, at most.
export const largest = 8000;

// placesOf returns where each node stands.
function placesOf(cy: Core): Places {
  return Object.fromEntries(cy.nodes().map(n => [n.id(), [n.position('x'), n.position('y')] as [number, number]]));
}

function style(): cytoscape.StylesheetJson {
  const look = getComputedStyle(document.documentElement);
  const ink = look.getPropertyValue('--ink').trim();
  const ground = look.getPropertyValue('--ground').trim();
  const line = look.getPropertyValue('--line').trim();
  const accent = look.getPropertyValue('--accent').trim();
  return [
    {
      selector: 'node',
      style: {
        'background-color': 'data(colour)',
        shape: 'data(shape)' as cytoscape.Css.NodeShape,
        width: 'data(size)',
        height: 'data(size)',
        label: 'data(label)',
        color: ink,
        'font-size': 12,
        'text-valign': 'bottom',
        'text-margin-y': 4,
        'text-wrap': 'wrap',
        'text-max-width': '140px',
        'text-background-color': ground,
        'text-background-opacity': 0.8,
        'text-background-padding': '1px',
        'min-zoomed-font-size': innerWidth > 600 ? 7 : 5.5, // a phone's letters are small and sharp
        'border-width': 1,
        'border-color': ink,
      },
    },
    { selector: 'node.group', style: { 'border-style': 'double', 'border-width': 4 } },
    { selector: 'node.pinned', style: { 'border-width': 3 } },
    {
      selector: 'edge',
      style: {
        width: 'data(width)',
        'line-color': line,
        'curve-style': 'straight',
        'target-arrow-shape': 'triangle',
        'target-arrow-color': line,
        'arrow-scale': 0.8,
        label: 'data(label)',
        'font-size': 10,
        color: ink,
        'text-rotation': 'autorotate',
        'min-zoomed-font-size': 9,
        'text-background-color': ground,
        'text-background-opacity': 0.8,
        'text-background-padding': '1px',
      },
    },
    { selector: 'edge.many', style: { 'target-arrow-shape': 'none' } },
    { selector: 'edge.dashed', style: { 'line-style': 'dashed' } },
    { selector: 'edge.loop', style: { 'curve-style': 'bezier' } },
    { selector: '.faded', style: { opacity: 0.3 } },
    { selector: 'node.chosen', style: { 'border-color': accent, 'border-width': 4, 'font-weight': 'bold' } },
    { selector: 'edge.chosen', style: { 'line-color': accent, 'target-arrow-color': accent } },
    { selector: 'node.focused', style: { 'outline-width': 4, 'outline-color': accent, 'outline-offset': 3 } },
  ];
}

function element(x: SceneNode | SceneEdge): ElementDefinition {
  if ('from' in x) {
    return {
      group: 'edges',
      data: { id: x.id, source: x.from, target: x.to, label: x.label, width: x.width },
      classes: classes(x),
    };
  }
  return {
    group: 'nodes',
    classes: classes(x),
    data: {
      id: x.id,
      label: x.hidden > 0 ? `${x.label}\n+${x.hidden}` : x.label,
      size: x.size,
      shape: shapeOf(x.shape),
      colour: colours[x.colour] ?? '#888888',
    },
  };
}

function classes(x: SceneNode | SceneEdge): string {
  const on =
    'from' in x
      ? { many: x.links.length !== 1, dashed: x.dashed, loop: x.from === x.to, faded: x.faded }
      : { group: x.entity === null, pinned: x.pinned, faded: x.faded };
  return Object.entries(on)
    .filter(([, yes]) => yes)
    .map(([name]) => name)
    .join(' ');
}

// What is copied, told or saved waits so many ms for what is being refined, and then takes it as it is.
const patience = 2000;

// Beyond so many, a first draft is drawn, and then refined. Fewer are placed at once, with room for their labels.
const drafted = 12;

// arrange places what has no place yet: everything by forces, or what is new in rings around what it is linked to.
// It reports whether that is a draft, to be refined.
function arrange(cy: Core, at: Places, placed: (all: Places) => void): boolean {
  const fresh = cy.nodes().filter(n => !at[n.id()]);
  cy.nodes().forEach(n => {
    const p = at[n.id()];
    if (p && !n.grabbed()) {
      n.position({ x: p[0], y: p[1] });
    }
  });
  if (fresh.length === 0) {
    return false;
  }
  if (fresh.length < cy.nodes().length) {
    rings(cy, fresh);
    const { x1, x2, y1, y2 } = cy.extent();
    const box = fresh.boundingBox();
    if (box.x1 < x1 || box.x2 > x2 || box.y1 < y1 || box.y2 > y2) {
      overview(cy); // nothing that somebody asked for is out of sight
    }
    placed(placesOf(cy));
    return false;
  }
  const draft = fresh.length > drafted;
  // a circle to begin with, in the order given, so that the same picture comes out alike
  fresh.forEach((n, i) => {
    const angle = (2 * Math.PI * i) / fresh.length;
    n.position({
      x: 40 * Math.sqrt(fresh.length) * Math.cos(angle),
      y: 40 * Math.sqrt(fresh.length) * Math.sin(angle),
    });
  });
  if (fresh.length > 1) {
    cy.layout({
      name: 'fcose',
      quality: draft ? 'draft' : 'default',
      randomize: draft,
      animate: false,
      fit: false,
      nodeSeparation: 90,
      idealEdgeLength: 130,
      nodeRepulsion: 9000,
      packComponents: true,
      nodeDimensionsIncludeLabels: !draft,
      numIter: 1500,
    } as cytoscape.LayoutOptions).run();
  }
  if (draft) {
    turn(cy, fresh);
  }
  overview(cy);
  placed(placesOf(cy));
  return draft;
}

// turn lays nodes along the longer side of the window.
function turn(cy: Core, nodes: cytoscape.NodeCollection) {
  const { w, h } = nodes.boundingBox({ includeLabels: false });
  if (w > h !== cy.width() > cy.height()) {
    nodes.positions(n => ({ x: n.position('y'), y: n.position('x') }));
  }
}

// overview shows everything, not larger than is pleasant to look at.
function overview(cy: Core) {
  if (cy.width() === 0 || cy.height() === 0) {
    return; // the table stands in its place
  }
  cy.fit(undefined, Math.min(40, cy.width() / 20));
  if (cy.zoom() > 1.4) {
    cy.zoom(1.4);
    cy.center();
  }
}

// apart is how far nodes should be from their nearest: closer where there are many, and on a small screen where that leaves
// their names large enough to be drawn.
function apart(cy: Core): number {
  const count = cy.nodes().length;
  const room = 0.85 * Math.sqrt((cy.width() * cy.height()) / count);
  const wanted = Math.max(70, 130 - count / 5);
  return room > 80 ? Math.min(room, wanted) : wanted;
}

// rings places new nodes around what they are linked to, where there is room, and leaves the others where they are.
function rings(cy: Core, fresh: cytoscape.NodeCollection) {
  const fixed = (cy.nodes().difference(fresh) as cytoscape.NodeCollection).map(n => ({ ...n.position() }));
  const free = (x: number, y: number) => fixed.every(p => Math.abs(p.x - x) > 90 || Math.abs(p.y - y) > 55);
  fresh.forEach(n => {
    const anchors = n.neighborhood('node').difference(fresh) as cytoscape.NodeCollection;
    const middle = (axis: 'x' | 'y') =>
      anchors.length > 0
        ? anchors.map(a => a.position(axis)).reduce((a, b) => a + b, 0) / anchors.length
        : axis === 'x'
          ? 0
          : 200;
    const [x, y] = [middle('x'), middle('y')];
    let found = { x: x + 60, y: y + 60 };
    search: for (let radius = 110; radius < 3000; radius += 70) {
      const steps = Math.max(8, Math.floor(radius / 14));
      for (let i = 0; i < steps; i++) {
        const angle = (2 * Math.PI * i) / steps + radius;
        const at = { x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) };
        if (free(at.x, at.y)) {
          found = at;
          break search;
        }
      }
    }
    n.position(found);
    fixed.push(found);
  });
}

// toward finds the neighbour that lies most in a direction; any node when none is linked that way.
function toward(cy: Core, from: NodeSingular, key: string): NodeSingular | null {
  const [dx, dy] = (
    { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] } as Record<string, [number, number]>
  )[key] ?? [0, 0];
  let best: NodeSingular | null = null;
  let least = Infinity;
  for (const nodes of [from.neighborhood('node'), cy.nodes().difference(from)]) {
    nodes.forEach(n => {
      const [x, y] = [n.position('x') - from.position('x'), n.position('y') - from.position('y')];
      const along = x * dx + y * dy;
      const off = Math.abs(x * dy) + Math.abs(y * dx);
      if (along > 0 && off <= along * 1.2 && along + 2 * off < least) {
        [best, least] = [n, along + 2 * off];
      }
    });
    if (best) {
      return best;
    }
  }
  return best;
}

export interface CanvasProps {
  // Whether edges are left out while the picture moves, which many need; it is read once.
  many: boolean;
  scene: Scene;
  at: Places;
  selection: Selection;
  // A link to be lit beside what is chosen.
  step: string | null;
  // Whether the pointer draws around entities, to choose them, instead of moving the picture.
  lasso: boolean;
  onSelect: (selection: Selection, group?: SceneNode['group']) => void;
  // byHand says that somebody dragged them there.
  onMoved: (at: Places, byHand?: boolean) => void;
  onExpand: (id: string) => void;
  onCollapse: (id: string) => void;
  onHide: (id: string) => void;
  onLine: (id: string) => void;
  // Told when refining begins, and when it ends.
  onRefining: (state: 'under way' | 'done' | 'failed') => void;
}

// inside reports whether a point lies within a polygon: whether a ray from it crosses its sides an odd number of times.
function inside([x, y]: Point, polygon: Point[]): boolean {
  return (
    polygon.filter(([x1, y1], i) => {
      const [x2, y2] = polygon[(i + 1) % polygon.length] as Point;
      return y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1);
    }).length %
      2 ===
    1
  );
}

type Point = [number, number];

// Lasso lies over the picture and takes the line that somebody draws around something.
function Lasso({ onDrawn }: { onDrawn: (line: Point[]) => void }) {
  const [line, setLine] = useState<Point[]>([]);
  const point = (event: PointerEvent & { currentTarget: Element }): Point => {
    const { x, y } = event.currentTarget.getBoundingClientRect();
    return [event.clientX - x, event.clientY - y];
  };
  return (
    <svg
      class="lasso"
      aria-hidden="true"
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setLine([point(event)]);
      }}
      onPointerMove={event => line.length > 0 && setLine([...line, point(event)])}
      onPointerUp={() => {
        onDrawn(line);
        setLine([]);
      }}
      onPointerCancel={() => setLine([])}
    >
      <polygon points={line.map(p => p.join(',')).join(' ')} />
    </svg>
  );
}

export const Canvas = forwardRef<CanvasHandle, CanvasProps>(function Canvas(props, handle) {
  const { scene, at, selection, step } = props;
  const host = useRef<HTMLDivElement>(null);
  const core = useRef<Core | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const list = useRef<HTMLUListElement>(null);
  // Ends the refining that is under way, with what was not shown of it or without.
  const stop = useRef<((move?: boolean) => void) | null>(null);
  const ended = useRef(Promise.resolve());
  // Whether somebody chose what to look at, which then stays.
  const touched = useRef(false);
  const entryOf = (id: string) => list.current?.querySelector<HTMLElement>(`[data-id="${CSS.escape(id)}"]`);
  const [current, setCurrent] = useState('');
  // Who gets the focus once what has it is hidden.
  const heir = useRef<string | null>(null);

  useEffect(() => {
    const cy = cytoscape({
      container: host.current,
      style: style(),
      minZoom: 0.05,
      maxZoom: 4,
      boxSelectionEnabled: true,
      selectionType: 'single',
      hideEdgesOnViewport: props.many,
    });
    core.current = cy;
    dragAlone(cy);
    const isEntity = (id: string) => latest.current.scene.nodes.some(n => n.id === id && n.entity);
    cy.on('tap', event => {
      const { onSelect } = latest.current;
      const several = (event.originalEvent as MouseEvent | undefined)?.shiftKey ?? false;
      if (event.target === cy) {
        if (!several) {
          onSelect(null); // with Shift it ends the drawing of a box
        }
        return;
      }
      const id: string = event.target.id();
      const node = latest.current.scene.nodes.find(n => n.id === id);
      if (node) {
        entryOf(id)?.focus({ preventScroll: true }); // so that keys mean what was clicked
      }
      const edge = latest.current.scene.edges.find(e => e.id === id);
      if (node?.entity) {
        onSelect(several ? toggled(latest.current.selection, id) : { entity: id });
      } else if (node?.group) {
        onSelect({ entity: node.group.of }, node.group);
      } else if (edge && edge.links.length > 0) {
        onSelect({ links: edge.links.map(l => l.id) });
      }
    });
    cy.on('boxend', () =>
      setTimeout(() => {
        const caught = cy.nodes(':selected').map(n => n.id());
        cy.elements().unselect();
        latest.current.onSelect(choice(caught.filter(isEntity)));
      }),
    );
    cy.on('dbltap', 'node', event => latest.current.onExpand(event.target.id()));
    cy.on('grab', 'node', () => stop.current?.());
    cy.on('dragfreeon', 'node', () => latest.current.onMoved(placesOf(cy), true)); // once, also of several
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const recolour = () => void cy.style(style());
    dark.addEventListener('change', recolour);
    cy.on('tapstart scrollzoom', () => {
      touched.current = true;
    });
    const sized = new ResizeObserver(() => {
      if (!touched.current) {
        cy.resize();
        overview(cy);
        return;
      }
      // what stood in the middle stays there
      const [width, height] = [cy.width(), cy.height()];
      cy.resize();
      cy.panBy({ x: (cy.width() - width) / 2, y: (cy.height() - height) / 2 });
    });
    // Cytoscape remembers where the picture stands on the page until something scrolls: so that a click does not fall beside a node
    // after what is above the picture has grown, it is told to look again.
    const { current: box } = host;
    const moved = () => box?.dispatchEvent(new Event('scroll'));
    if (box) {
      sized.observe(box);
      box.addEventListener('pointerenter', moved);
      box.addEventListener('pointerdown', moved, { capture: true });
    }
    return () => {
      dark.removeEventListener('change', recolour);
      sized.disconnect();
      stop.current?.();
      cy.destroy();
      core.current = null;
    };
  }, []);

  // begin has the places refined. What moves is shown on the way, where that is quick and nobody minds.
  const begin = () => {
    const cy = core.current;
    if (!cy || cy.nodes().length < 2) {
      return;
    }
    stop.current?.();
    touched.current = false;
    const nodes = cy.nodes().toArray();
    const index = new Map(nodes.map((n, i) => [n.id(), i]));
    const pinned = nodes.map(n => Number(n.hasClass('pinned')));
    const ends = cy
      .edges()
      .toArray()
      .flatMap(e => [index.get(e.source().id()) as number, index.get(e.target().id()) as number]);
    const shows = !props.many && !matchMedia('(prefers-reduced-motion: reduce)').matches;
    const move = (places: Float32Array) => {
      cy.batch(() =>
        nodes.forEach((n, i) => {
          if (!pinned[i]) {
            n.position({ x: places[2 * i] as number, y: places[2 * i + 1] as number });
          }
        }),
      );
      if (!touched.current) {
        overview(cy);
      }
    };
    let last: Float32Array | null = null;
    let settle = () => {};
    ended.current = new Promise(done => (settle = done));
    const end = (state: 'done' | 'failed') => {
      terminate();
      stop.current = null;
      settle();
      latest.current.onMoved(placesOf(cy));
      latest.current.onRefining(state);
    };
    const terminate = refine(
      {
        places: Float32Array.from(nodes.flatMap(n => [n.position('x'), n.position('y')])),
        pinned: Uint8Array.from(pinned),
        edges: Uint32Array.from(ends),
        apart: apart(cy),
        shape: Math.min(1.7, Math.max(0.75, cy.width() / cy.height())),
      },
      ({ places, done }) => {
        last = places;
        if (shows || done) {
          move(places);
        }
        if (done) {
          end('done');
        }
      },
      () => end('failed'),
    );
    stop.current = also => {
      if (also && last) {
        move(last);
      }
      end('done');
    };
    latest.current.onRefining('under way');
  };

  useEffect(() => {
    const cy = core.current;
    if (!cy) {
      return;
    }
    // what is being refined when something else changes is refined on, from where it is: half of it is a heap
    const moving = stop.current !== null;
    stop.current?.();
    const stand = moving ? { ...at, ...placesOf(cy) } : at;
    const blank = cy.nodes().length === 0;
    const wanted = new Map([...scene.nodes, ...scene.edges].map(x => [x.id, x]));
    cy.batch(() => {
      cy.elements()
        .filter(x => !wanted.has(x.id()))
        .remove();
      for (const x of wanted.values()) {
        const made = element(x);
        const have = cy.getElementById(x.id);
        if (have.length > 0) {
          have.data({ ...made.data, id: undefined, source: undefined, target: undefined });
          have.classes(String(made.classes));
        } else {
          cy.add(made);
        }
      }
    });
    const draft = arrange(cy, stand, latest.current.onMoved);
    if (blank) {
      overview(cy);
    }
    if (draft || moving) {
      begin();
    }
    // how much is drawn, for tests
    Object.assign(cy.container()?.dataset ?? {}, { nodes: scene.nodes.length, edges: scene.edges.length });
  }, [scene]);

  useEffect(() => {
    core.current?.nodes().forEach(n => {
      const p = at[n.id()];
      // what is held stays under the pointer
      if (p && !n.grabbed() && (p[0] !== n.position('x') || p[1] !== n.position('y'))) {
        n.position({ x: p[0], y: p[1] });
      }
    });
  }, [at]);

  useEffect(() => {
    const cy = core.current;
    if (!cy) {
      return;
    }
    cy.elements('.chosen').removeClass('chosen');
    const links = [...(step ? [step] : []), ...(selection && 'links' in selection ? selection.links : [])];
    for (const id of chosen(selection)) {
      cy.getElementById(id).addClass('chosen');
    }
    for (const e of scene.edges.filter(e => e.links.some(l => links.includes(l.id)))) {
      cy.getElementById(e.id).addClass('chosen');
    }
  }, [selection, scene, step]);

  const focus = (id: string) => {
    setCurrent(id);
    entryOf(id)?.focus();
  };
  const leave = (ids: string[]) => {
    const { nodes, edges } = latest.current.scene;
    const beside = edges.flatMap(e => (ids.includes(e.from) ? [e.to] : ids.includes(e.to) ? [e.from] : []));
    const at = nodes.findIndex(n => ids.includes(n.id));
    const others = [...nodes.slice(at), ...nodes.slice(0, Math.max(0, at)).reverse()].map(n => n.id);
    heir.current = [...beside, ...others].find(id => !ids.includes(id)) ?? null;
  };
  useLayoutEffect(() => {
    if (heir.current !== null) {
      focus(heir.current);
      heir.current = null;
    }
  }, [scene]);

  const find = (id: string) => {
    const cy = core.current;
    const node = cy?.getElementById(id);
    if (!cy || !node || node.length === 0) {
      return;
    }
    const { x1, x2, y1, y2 } = cy.extent();
    const { x, y } = node.position() as { x: number; y: number };
    if (x < x1 || x > x2 || y < y1 || y > y2) {
      cy.center(node);
    }
  };

  useImperativeHandle(
    handle,
    () => ({
      fit: () => void (core.current && overview(core.current)),
      zoom: factor => {
        const cy = core.current;
        touched.current = true;
        cy?.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
      },
      find,
      focus,
      leave,
      png: async () =>
        (core.current as Core).png({
          output: 'blob-promise',
          full: true,
          scale: 2,
          bg: getComputedStyle(document.documentElement).getPropertyValue('--ground').trim(),
          maxWidth: largest,
          maxHeight: largest,
        }),
      places: () => placesOf(core.current as Core),
      arrange: () => {
        const cy = core.current;
        if (!cy) {
          return;
        }
        stop.current?.();
        const pinned = Object.entries(placesOf(cy)).filter(([id]) => cy.getElementById(id).hasClass('pinned'));
        arrange(cy, Object.fromEntries(pinned), latest.current.onMoved);
        overview(cy);
        if (cy.nodes().length > drafted) {
          begin();
        }
      },
      refine: begin,
      stop: () => stop.current?.(true),
      settled: async () => {
        await Promise.race([ended.current, new Promise(done => setTimeout(done, patience))]);
        stop.current?.(true);
      },
    }),
    [],
  );

  // caught chooses the entities within a line drawn on the picture.
  const caught = (line: Point[]) => {
    const ids = scene.nodes.flatMap(n => {
      const { x, y } = core.current?.getElementById(n.id).renderedPosition() ?? { x: NaN, y: NaN };
      return n.entity && inside([x, y], line) ? [n.id] : [];
    });
    props.onSelect(choice(ids));
  };
  const keys = (event: KeyboardEvent, node: SceneNode) => {
    const cy = core.current;
    if (!cy || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const actions: Record<string, (id: string) => void> = {
      e: props.onExpand,
      c: props.onCollapse,
      h: id => {
        leave([id]);
        props.onHide(id);
      },
      p: props.onLine,
      s: id => node.entity && props.onSelect(toggled(selection, id)),
    };
    const action = actions[event.key.toLowerCase()];
    if (event.key.startsWith('Arrow')) {
      const next = toward(cy, cy.getElementById(node.id), event.key);
      if (next) {
        focus(next.id());
      }
    } else if (event.key === 'Home' || event.key === 'End') {
      focus(scene.nodes.at(event.key === 'Home' ? 0 : -1)?.id ?? '');
    } else if (action) {
      action(node.id);
    } else {
      return;
    }
    event.preventDefault();
  };
  const first = scene.nodes.some(n => n.id === current) ? current : scene.nodes[0]?.id;
  return (
    <div class="canvas">
      <div ref={host} class="drawing" aria-hidden="true" />
      {props.lasso && <Lasso onDrawn={caught} />}
      <p id="canvas-help" class="unseen">
        {words.canvas.help}
      </p>
      <ul ref={list} class="mirror" aria-label={words.canvas.entries} aria-describedby="canvas-help">
        {scene.nodes.map(n => (
          <li key={n.id}>
            <button
              type="button"
              data-id={n.id}
              tabIndex={n.id === first ? 0 : -1}
              aria-pressed={chosen(selection).includes(n.id)}
              onFocus={event => {
                setCurrent(n.id);
                if (event.currentTarget.matches(':focus-visible')) {
                  core.current?.getElementById(n.id).addClass('focused');
                  find(n.id);
                }
              }}
              onBlur={() => core.current?.getElementById(n.id).removeClass('focused')}
              onKeyDown={event => keys(event, n)}
              onClick={() =>
                n.group ? props.onSelect({ entity: n.group.of }, n.group) : n.entity && props.onSelect({ entity: n.id })
              }
            >
              {n.spoken}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
});
