// What a learner typed and has not sent yet, kept in this browser. Storage that is full or forbidden
// costs the draft, never the page.
export interface Drafts {
  read(file: string): string | null;
  write(file: string, text: string): boolean;
  drop(file: string): void;
}

export function draftsOf(store: Storage, login: string, lab: string): Drafts {
  const key = (file: string): string => `graded/draft/${login}/${lab}/${file}`;
  return {
    read: (file) => attempt(() => store.getItem(key(file)), null),
    write: (file, text) => attempt(() => (store.setItem(key(file), text), true), false),
    drop: (file) => attempt(() => store.removeItem(key(file)), undefined),
  };
}

function attempt<T>(action: () => T, otherwise: T): T {
  try {
    return action();
  } catch {
    return otherwise;
  }
}
