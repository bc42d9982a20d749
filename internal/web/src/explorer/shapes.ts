// Shapes of nodes and ends of lines, for pictures that are drawn without Cytoscape: as it draws them.

export type Point = [x: number, y: number];

// The shapes of types, by the names that Cytoscape has for them.
export const shapes = [
  'ellipse',
  'round-rectangle',
  'diamond',
  'round-tag',
  'hexagon',
  'triangle',
  'pentagon',
  'octagon',
  'round-rectangle',
] as const;

type Shape = (typeof shapes)[number];

export const shapeOf = (index: number): Shape => shapes[index] ?? 'octagon';

// corners are those of a shape in a square from -1 to 1; a circle has none.
const corners: { [shape in Shape]: Point[] } = {
  ellipse: [],
  'round-rectangle': [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ],
  diamond: [
    [0, -1],
    [1, 0],
    [0, 1],
    [-1, 0],
  ],
  'round-tag': [
    [-1, -1],
    [0.25, -1],
    [1, 0],
    [0.25, 1],
    [-1, 1],
  ],
  hexagon: [
    [-0.5, -1],
    [0.5, -1],
    [1, 0],
    [0.5, 1],
    [-0.5, 1],
    [-1, 0],
  ],
  triangle: [
    [0, -1],
    [1, 1],
    [-1, 1],
  ],
  pentagon: [
    [0, -1],
    [1, -0.236],
    [0.618, 1],
    [-0.618, 1],
    [-1, -0.236],
  ],
  octagon: [
    [-0.414, -1],
    [0.414, -1],
    [1, -0.414],
    [1, 0.414],
    [0.414, 1],
    [-0.414, 1],
    [-1, 0.414],
    [-1, -0.414],
  ],
};

// outline is a shape as an element of SVG, to which attributes are added.
export function outline(index: number, [x, y]: Point, size: number, attributes: string): string {
  const r = size / 2;
  const shape = shapeOf(index);
  if (shape === 'ellipse') {
    return `<circle cx="${x}" cy="${y}" r="${r}" ${attributes}/>`;
  }
  if (shape === 'round-rectangle') {
    return `<rect x="${x - r}" y="${y - r}" width="${size}" height="${size}" rx="${Math.min(8, size / 4)}" ${attributes}/>`;
  }
  const points = corners[shape].map(([a, b]) => `${x + a * r},${y + b * r}`).join(' ');
  return `<polygon points="${points}" stroke-linejoin="round" ${attributes}/>`;
}

// reach is how far a shape reaches from its middle in a direction, which has length 1.
export function reach(index: number, size: number, [dx, dy]: Point): number {
  const list = corners[shapeOf(index)];
  const far = list.flatMap(([ax, ay], i) => {
    const [bx, by] = list[(i + 1) % list.length] as Point;
    const across = dx * (by - ay) - dy * (bx - ax);
    const t = (ax * (by - ay) - ay * (bx - ax)) / across;
    const s = (ax * dy - ay * dx) / across;
    return across !== 0 && t > 0 && s >= 0 && s <= 1 ? [t] : [];
  });
  return (size / 2) * (far.length > 0 ? Math.min(...far) : 1);
}
