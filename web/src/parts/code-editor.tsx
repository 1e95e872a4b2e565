// The editor's place on the page: as high before CodeMirror has come as after.
import { useEffect, useRef } from 'preact/hooks';
import type { Editor } from '../codemirror';

interface CodeEditorProps {
  label: string;
  /** What the editor starts with. Later only a new `revision` puts the text of that moment into it: what
   *  is typed comes out by onChange and must not come back in, or a fast typist would lose letters. */
  text: string;
  revision: number;
  onChange(text: string): void;
  onSubmit(): void;
}

export function CodeEditor(props: CodeEditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    let gone = false;
    void import('../codemirror').then(({ createEditor }) => {
      if (gone || host.current === null) return;
      editor.current = createEditor(host.current, {
        text: latest.current.text,
        label: latest.current.label,
        onChange: (text) => latest.current.onChange(text),
        onSubmit: () => latest.current.onSubmit(),
      });
    });
    return () => {
      gone = true;
      editor.current?.destroy();
      editor.current = null;
    };
  }, [props.label]);

  useEffect(() => {
    editor.current?.replace(latest.current.text);
  }, [props.revision]);

  return <div class="editor" ref={host} />;
}
