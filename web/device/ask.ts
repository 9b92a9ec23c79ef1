// A question that must be answered before something is sent.
import { el } from './dom';

export interface Choice {
  id: string;
  label: string;
  kind: 'primary' | 'danger' | 'plain';
}

/** A name is the same with other blanks: those that one sees are not always those that there are. */
const plain = (text: string) => text.trim().replace(/\s+/g, ' ');

/** The id of the choice, or nothing when it was cancelled. With `name` the choices wait until that name is typed. */
export function question(title: string, content: Node[], choices: Choice[], name: string | null): Promise<string | null> {
  return new Promise((resolve) => {
    const heading = el('h2', { id: 'question' }, title);
    const dialog = el('dialog', { 'aria-labelledby': 'question' }, heading, ...content);
    const buttons = el('div', { class: 'buttons' });
    let chosen: string | null = null;
    const made = choices.map((choice) => {
      const button = el('button', { type: 'button', class: choice.kind }, choice.label);
      button.addEventListener('click', () => {
        chosen = choice.id;
        dialog.close();
      });
      return button;
    });
    const cancel = el('button', { type: 'button' }, 'Cancel');
    cancel.addEventListener('click', () => dialog.close());
    if (name !== null) {
      const typed = el('input', { type: 'text', id: 'typed-name', autocomplete: 'off', spellcheck: 'false' });
      dialog.append(el('p', {}, el('label', { for: 'typed-name' }, `To go on, type the name of this system: ${name}`)), typed);
      const look = () => made.forEach((button) => (button.disabled = plain(typed.value) !== plain(name)));
      typed.addEventListener('input', look);
      look();
    }
    buttons.append(...made, cancel);
    dialog.append(buttons);
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(chosen);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (name === null) (made[0] ?? cancel).focus();
  });
}
