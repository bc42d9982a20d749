// What types of entity and kinds of link there are, as the schema says: own types are shown like those built in.
import { ask } from './api';

export interface Property {
  name: string;
  label: string;
  description: string;
  scalar: string;
  date: boolean;
}

export interface EntityKind {
  // As fields say it: PERSON.
  key: string;
  // As fragments say it: Person.
  name: string;
  label: string;
  description: string;
  properties: Property[];
  // Whether it has a place in time: what is linked to it without dates of its own has its dates.
  timed: boolean;
  // The list of all of this type, `people`; '' where the schema was not told.
  list: string;
}

export interface Catalog {
  types: Map<string, EntityKind>;
  kinds: Map<string, { label: string; description: string }>;
}

interface TypeRef {
  kind: string;
  name: string | null;
  ofType?: TypeRef | null;
}

interface Field {
  name: string;
  description: string | null;
  args: { name: string }[];
  type: TypeRef;
}

interface Answer {
  entity: {
    fields: { name: string }[];
    possibleTypes: { name: string; description: string | null; fields: Field[] }[];
  };
  timed: { possibleTypes: { name: string }[] };
  kinds: { enumValues: { name: string; description: string | null }[] };
  query: { fields: { name: string; args: { name: string }[]; type: TypeRef }[] };
}

const query = `query Catalog {
  entity: __type(name: "Entity") { fields { name } possibleTypes { name description fields { name description args { name } type { ...Ref } } } }
  timed: __type(name: "TimelineSubject") { possibleTypes { name } }
  kinds: __type(name: "LinkKind") { enumValues { name description } }
  query: __type(name: "Query") { fields { name args { name } type { ...Ref } } }
}
fragment Ref on __Type { kind name ofType { kind name ofType { kind name } } }`;

// spell turns AFFILIATED_WITH into "affiliated with", and startsOn into "starts on".
export function spell(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replaceAll('_', ' ')
    .toLowerCase();
}

function enumName(type: string): string {
  return type.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

function named(ref: TypeRef): TypeRef {
  return ref.ofType ? named(ref.ofType) : ref;
}

function list(ref: TypeRef): boolean {
  return ref.kind === 'LIST' || (ref.ofType ? list(ref.ofType) : false);
}

function read(answer: Answer): Catalog {
  const shared = new Set(answer.entity.fields.map(f => f.name));
  const types = new Map<string, EntityKind>();
  for (const type of answer.entity.possibleTypes) {
    const properties = type.fields
      .filter(
        f =>
          !shared.has(f.name) &&
          f.args.length === 0 &&
          !list(f.type) &&
          ['SCALAR', 'ENUM'].includes(named(f.type).kind),
      )
      .map(f => ({
        name: f.name,
        label: spell(f.name),
        description: f.description ?? '',
        scalar: named(f.type).name ?? '',
        date: named(f.type).name === 'PartialDate',
      }));
    const all = answer.query.fields.find(
      f => named(f.type).name === `${type.name}Connection` && f.args.some(a => a.name === 'orderBy'),
    );
    const key = enumName(type.name);
    types.set(key, {
      key,
      name: type.name,
      label: spell(key),
      description: type.description ?? '',
      properties,
      timed: answer.timed.possibleTypes.some(t => t.name === type.name),
      list: all?.name ?? '',
    });
  }
  const kinds = new Map(
    answer.kinds.enumValues.map(k => [k.name, { label: spell(k.name), description: k.description ?? '' }]),
  );
  return { types, kinds };
}

// loadCatalog asks the schema. A server that does not tell it has entities shown by what all of them have.
export async function loadCatalog(): Promise<Catalog> {
  if (document.documentElement.dataset.introspection === 'false') {
    return { types: new Map(), kinds: new Map() };
  }
  return read(await ask<Answer>(query));
}

export function typeLabel(catalog: Catalog, type: string): string {
  return catalog.types.get(type)?.label ?? spell(type);
}

export function kindLabel(catalog: Catalog, kind: string): string {
  return catalog.kinds.get(kind)?.label ?? spell(kind);
}

// selection selects the properties of every type; each has the type in its name, as fields of two types may differ.
export function selection(catalog: Catalog, only: (p: Property) => boolean = () => true): string {
  let out = '';
  for (const type of catalog.types.values()) {
    const fields = type.properties.filter(only).map(p => `${type.name}_${p.name}: ${p.name}`);
    if (fields.length > 0) {
      out += ` ... on ${type.name} { ${fields.join(' ')} }`;
    }
  }
  return out;
}

// valueOf is the value of a property as selection asked for it; null for none.
function valueOf(catalog: Catalog, record: { type: string }, name: string): unknown {
  const type = catalog.types.get(record.type);
  return (record as { [key: string]: unknown })[`${type?.name}_${name}`] ?? null;
}

// property is the value of a property as text; '' for none.
export function property(catalog: Catalog, record: { type: string }, name: string): string {
  const value = valueOf(catalog, record, name);
  return value === null || typeof value === 'object' ? '' : String(value);
}

// properties are the values of all properties by their names; what has no value is left out.
export function properties(catalog: Catalog, record: { type: string }): { [name: string]: unknown } {
  const list = catalog.types.get(record.type)?.properties ?? [];
  return Object.fromEntries(list.map(p => [p.name, valueOf(catalog, record, p.name)]).filter(([, v]) => v !== null));
}
