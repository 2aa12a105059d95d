/** Live sources have `onUpdate`, values that never change do not. */
interface MaybeWatchable {
  onUpdate?: (listener: () => void) => () => void;
}

/** Calls back when one of the sources changes; a source that stands there twice is heard once. Returns what ends it. */
export function onSourceUpdate(sources: readonly object[], listener: () => void): () => void {
  const stops = [...new Set(sources)].map((source) =>
    (source as MaybeWatchable).onUpdate?.(listener),
  );
  return () => {
    for (const stop of stops) stop?.();
  };
}
