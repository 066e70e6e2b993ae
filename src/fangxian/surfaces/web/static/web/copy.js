// A button that copies what another element says; where the browser does not let it, the text is
// selected, to be copied by hand.
for (const button of document.querySelectorAll('[data-copy]')) {
  button.addEventListener('click', async () => {
    const told = document.querySelector(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(told.textContent);
      button.textContent = '✓';
    } catch {
      getSelection().selectAllChildren(told);
    }
  });
}
