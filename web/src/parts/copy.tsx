// One line to take to a terminal.
import { useState } from 'preact/hooks';

export function CopyLine({ text, label }: { text: string; label: string }) {
  const [said, setSaid] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text); // missing outside https and localhost
      setSaid('Copied');
    } catch {
      setSaid('Select the line and copy it');
    }
    setTimeout(() => setSaid(''), 2500);
  };
  return (
    <div class="copy">
      <code tabIndex={0} role="region" aria-label={label}>
        {text}
      </code>
      <button
        type="button"
        class="button quiet small"
        aria-label={`Copy: ${label}`}
        onClick={() => void copy()}
      >
        {said === 'Copied' ? 'Copied' : 'Copy'}
      </button>
      <span class="visually-hidden" role="status">
        {said}
      </span>
    </div>
  );
}
