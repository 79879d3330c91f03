"use strict";
// Everything works without this file but passkeys, which are the browser's own.
(() => {
  const decode = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const encode = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const withBytes = (options) => {
    const read = { ...options, challenge: decode(options.challenge) };
    if (read.user) read.user = { ...read.user, id: decode(read.user.id) };
    for (const list of ["excludeCredentials", "allowCredentials"])
      if (read[list]) read[list] = read[list].map((known) => ({ ...known, id: decode(known.id) }));
    return read;
  };

  const asText = (credential) => {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
      if (credential.response[name]) response[name] = encode(credential.response[name]);
    if (credential.response.getTransports) response.transports = credential.response.getTransports();
    return JSON.stringify({
      id: credential.id, rawId: encode(credential.rawId), type: credential.type, response,
      authenticatorAttachment: credential.authenticatorAttachment || undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  };

  const submit = (form, action, credential) => {
    form.elements.passkey.value = asText(credential);
    const button = form.querySelector(`button[value="${action}"]`);
    button.removeAttribute("type");
    button.dataset.ready = "yes";
    form.noValidate = true;
    form.requestSubmit(button);
  };

  for (const reveal of document.querySelectorAll("[data-reveal]")) {
    const input = document.getElementById(reveal.dataset.reveal);
    reveal.hidden = false;
    reveal.addEventListener("click", () => {
      const isHidden = input.type === "password";
      input.type = isHidden ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(isHidden));
      reveal.textContent = isHidden ? reveal.dataset.hide : reveal.dataset.show;
    });
  }

  let waiting = null;
  for (const button of window.PublicKeyCredential ? document.querySelectorAll("[data-passkey]") : []) {
    const form = button.form;
    const isNew = button.dataset.passkey === "create";
    const options = { publicKey: withBytes(JSON.parse(button.dataset.options)) };
    for (const shown of document.querySelectorAll("[data-with-passkey]")) shown.hidden = false;
    button.hidden = false;
    const fault = form.querySelector("[data-passkey-fault]");
    button.addEventListener("click", async (event) => {
      if (button.dataset.ready) return;
      event.preventDefault();
      if (waiting) waiting.abort();
      try {
        const credential = isNew
          ? await navigator.credentials.create(options)
          : await navigator.credentials.get(options);
        submit(form, button.value, credential);
      } catch (error) {
        if (fault) fault.hidden = false;
      }
    });
    if (!isNew && button.dataset.autofill && PublicKeyCredential.isConditionalMediationAvailable)
      PublicKeyCredential.isConditionalMediationAvailable().then(async (available) => {
        if (!available) return;
        waiting = new AbortController();
        try {
          const credential = await navigator.credentials.get({
            ...options, mediation: "conditional", signal: waiting.signal,
          });
          submit(form, button.value, credential);
        } catch (error) { /* the customer chose another way */ }
      });
  }

  const posted = document.querySelector("form[data-send]");
  if (posted) posted.submit();
})();
