// Where the keyboard goes on when what had the focus is gone.

/** To the content of the page, when nothing has the focus, or something that is hidden while the next page is loaded. */
export function focusIfLost() {
  const at = document.activeElement;
  if (!at || at === document.body || !at.checkVisibility()) document.getElementById('main')?.focus({ preventScroll: true });
}

/** From where a dialog is opened: the control itself, or the button of the menu that closes when one of its items is chosen. */
export function opener(): HTMLElement | null {
  const at = document.activeElement;
  const menu = at?.closest('[role=menu]');
  return menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : (at as HTMLElement | null);
}
