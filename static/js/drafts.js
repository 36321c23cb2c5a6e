// What somebody types stays in the browser until the server has taken it.

function keepDrafts() {
  for (const field of document.querySelectorAll("textarea[data-draft]")) {
    const key = `draft:${field.dataset.draft}`;
    const saved = localStorage.getItem(key);
    if (saved && !field.value.trim()) field.value = saved;
    field.addEventListener("input", () => {
      if (field.value.trim()) localStorage.setItem(key, field.value);
      else localStorage.removeItem(key);
    });
    field.form.addEventListener("submit", () => sessionStorage.setItem("sent", key));
  }
  // A draft goes once its form has been taken: the next page shows no error.
  const sent = sessionStorage.getItem("sent");
  sessionStorage.removeItem("sent");
  if (sent && !document.querySelector(".err, [role=alert]")) {
    localStorage.removeItem(sent);
    for (const field of document.querySelectorAll("textarea[data-draft]"))
      if (`draft:${field.dataset.draft}` === sent && field.value !== field.defaultValue) field.value = field.defaultValue;
  }
}

keepDrafts();
