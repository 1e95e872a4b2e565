import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface DropZoneProps {
  onFiles(files: File[]): void;
  children: ComponentChildren;
}

/** Takes files that are dropped on it; text that is dragged within the editor stays the editor's. */
export function DropZone({ onFiles, children }: DropZoneProps) {
  const [over, setOver] = useState(false);
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
  const onOver = (event: DragEvent): void => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    setOver(true);
  };
  const onDrop = (event: DragEvent): void => {
    setOver(false);
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.stopPropagation();
    onFiles([...(event.dataTransfer?.files ?? [])]);
  };
  return (
    <div
      class={over ? 'drop over' : 'drop'}
      onDragOverCapture={onOver}
      onDragLeave={() => setOver(false)}
      onDropCapture={onDrop}
    >
      {children}
      {over && (
        <p class="drop-note" aria-hidden="true">
          Drop to open in the editor
        </p>
      )}
    </div>
  );
}
