// SPDX-License-Identifier: Apache-2.0
// A page that was opened as a file may start no worker, and search is one: it runs in a frame then.
// Worker: https://html.spec.whatwg.org/multipage/workers.html#dedicated-workers-and-the-worker-interface
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      this.inside.postMessage = (data) => this.dispatchEvent(new MessageEvent("message", { data }));
      const script = this.inside.document.createElement("script");
      script.src = url;
      this.ready = new Promise((resolve) => { script.onload = resolve; });
      this.inside.document.body.append(script);
    }
    postMessage(data) {
      const say = () => this.inside.dispatchEvent(new MessageEvent("message", { data }));
      this.ready.then(say);
    }
  };
}
