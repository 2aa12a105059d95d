type Path = readonly (string | number)[];

/** Of each value in it, whole objects and lists included. */
export function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, one]) => pathsOf(one, [...path, name]));
  return [path, ...inner];
}

/** A copy with one value replaced. */
export function withValue(value: unknown, [name, ...rest]: Path, to: unknown): unknown {
  if (name === undefined) return to;
  const copy = (Array.isArray(value) ? value.slice() : { ...(value as object) }) as Record<
    string,
    unknown
  >;
  copy[name] = withValue(copy[name], rest, to);
  return copy;
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((one, name) => (one as Record<string, unknown>)[name], value);
}
