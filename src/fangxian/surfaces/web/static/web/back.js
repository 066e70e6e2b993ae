// Back to the page before with what was typed there; the link alone would ask for it anew.
for (const link of document.querySelectorAll('[data-back]')) {
  link.addEventListener('click', (event) => {
    if (history.length > 1) {
      event.preventDefault();
      history.back();
    }
  });
}
