(() => {
  if (window.tlteachPage) return;
  window.tlteachPage = true;
  const all = selector => document.querySelectorAll(selector);
  const name = () => {
    for (const handle of all('.widget-slider .noUi-handle:not([aria-label])')) {
      const label = handle.closest('.widget-slider').querySelector('.widget-label');
      if (label && label.textContent.trim()) handle.setAttribute('aria-label', label.textContent.trim());
    }
    for (const button of all('.tl-widget .widget-toggle-button, .tl-widget .widget-toggle-buttons button'))
      button.setAttribute('aria-pressed', button.classList.contains('mod-active'));
    for (const said of all('.tl-live .widget-html-content:not([aria-live])')) said.setAttribute('aria-live', 'polite');
    for (const group of all('.tl-predict .widget-radio-box:not([role])')) {
      group.setAttribute('role', 'radiogroup');
      group.setAttribute('aria-label', group.closest('.tl-predict').querySelector('.tl-question').textContent);
    }
  };
  let waiting = false;
  const soon = () => { if (!waiting) { waiting = true; setTimeout(() => { waiting = false; name(); }, 100); } };
  const watched = {childList: true, subtree: true, attributes: true, attributeFilter: ['class']};
  new MutationObserver(soon).observe(document.body, watched);
  name();
  document.addEventListener('click', event => {
    const area = event.target.closest && event.target.closest('[data-tl-bridge]');
    const field = area && document.querySelector('.' + area.dataset.tlBridge + ' input');
    if (!field) return;
    const [rows, columns] = area.dataset.tlGrid.split(',').map(Number), box = area.getBoundingClientRect();
    const at = (offset, size, count) => Math.min(count - 1, Math.max(0, Math.floor(offset / size * count)));
    const row = at(event.clientY - box.top, box.height, rows);
    field.value = row + ',' + at(event.clientX - box.left, box.width, columns);
    for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true}));
  });
  // JupyterLab would take arrows and letters from a list, a slider or a choice that has the focus. It asks the element.
  window.addEventListener('keydown', event => {
    const at = event.target;
    if (!at.closest || !at.closest('.tl-widget') || !at.matches('select, input, .noUi-handle, .tl-grid button, .tl-pad, .tl-steer button')) return;
    const command = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === 'Enter');
    at.toggleAttribute('data-lm-suppress-shortcuts', !command);
  }, true);
  document.addEventListener('keydown', event => {
    const grid = event.target.closest && event.target.closest('.tl-grid');
    const columns = grid && Number([...grid.classList].find(c => c.startsWith('tl-columns-')).slice(11));
    const by = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns}[event.key];
    if (!grid || !by) return;
    const buttons = [...grid.querySelectorAll('button')], next = buttons[buttons.indexOf(event.target) + by];
    event.preventDefault();
    event.stopPropagation();
    if (next) next.focus();
  }, true);
})();

// Steering: inside a `.tl-steer`, arrow keys press its button of that direction, and a click on its picture takes the
// focus there, so that they can.
(() => {
  if (window.tlteachSteer) return;
  window.tlteachSteer = true;
  const ways = {ArrowUp: '.tl-up', ArrowDown: '.tl-down', ArrowLeft: '.tl-left', ArrowRight: '.tl-right'};
  document.addEventListener('keydown', event => {
    const box = event.target.closest && event.target.closest('.tl-steer');
    if (!box || !ways[event.key] || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const button = box.querySelector(ways[event.key]);
    event.preventDefault();
    event.stopPropagation();
    button.focus();
    button.click();
  }, true);
  document.addEventListener('click', event => {
    const picture = event.target.closest && event.target.closest('.tl-steer svg');
    if (picture) picture.closest('.tl-steer').querySelector('.tl-up').focus();
  });
})();

// Pads to draw on with a pointer or with keys. A pad's whole state stands in its `data-tl-state` and is carried to
// Python as a whole, as "version|state": messages that get lost between two others are not missed.
(() => {
  if (window.tlteachPads) return;
  window.tlteachPads = true;
  const style = document.createElement('style');
  style.textContent = `
    .tl-pad { display: inline-block; position: relative; line-height: 0; cursor: crosshair; touch-action: none; user-select: none }
    .tl-pad svg { pointer-events: none }
    .tl-pad:focus-visible { outline: 3px solid #5790fc; outline-offset: -2px }
    .tl-say { position: absolute; left: 4px; bottom: 3px; font-size: 11px; line-height: 14px; padding: 0 3px;
      color: #333; background: #fff; border-radius: 3px }
    .tl-pad:not(:focus-visible) :is(.tl-pen, .tl-say) { display: none }
    .tl-stack { display: grid !important }
    .tl-stack > * { grid-area: 1 / 1; place-self: start }
    .tl-stack .jupyter-widgets { margin: 0 !important; padding: 0 }
    .tl-stack .tl-pad { display: block }`;
  document.head.append(style);

  const round = number => Math.round(number * 10) / 10;
  const clip = (number, most) => Math.min(most, Math.max(0, number));
  const kinds = {
    strokes: {  // "x,y x,y;x,y": points of a stroke, strokes
      down: (pad, state, p) => state + (state ? ';' : '') + p,
      move: (pad, state, from, to) => state + ' ' + to,
      back: state => state.split(';').slice(0, -1).join(';'),
      path: (pad, state) => state.split(';').filter(Boolean).map(stroke => {
        const points = stroke.split(' ');
        return 'M' + points.join('L') + (points.length < 2 ? 'h0.01' : '');
      }).join(''),
    },
    point: {  // "x,y": one place, which every press and every arrow key moves
      down: (pad, state, p) => p.join(),
      move: (pad, state, from, to) => to.join(),
      back: state => state,
      path: (pad, state) => {
        const [x, y] = state.split(',').map(Number), r = Number(pad.dataset.tlUnits) / 40;
        return `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0M${x - 2 * r} ${y}h${4 * r}M${x} ${y - 2 * r}v${4 * r}`;
      },
    },
    cells: {  // "0101": which cells are painted, row by row
      down: (pad, state, p) => kinds.cells.move(pad, state, p, p),
      move: (pad, state, from, to) => {
        const n = Number(pad.dataset.tlUnits), brush = Number(pad.dataset.tlBrush), cells = [...state];
        const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
        for (let k = 0; k <= steps; k++) {
          const [x, y] = [0, 1].map(i => Math.round(from[i] + (to[i] - from[i]) * k / steps - brush / 2));
          for (let row = Math.max(0, y); row < Math.min(n, y + brush); row++)
            for (let column = Math.max(0, x); column < Math.min(n, x + brush); column++)
              cells[row * n + column] = pad.dataset.tlPaint;
        }
        return cells.join('');
      },
      back: state => state,
      path: (pad, state) => {
        const n = Number(pad.dataset.tlUnits);
        return [...state.matchAll(/1/g)].map(({index}) => `M${index % n} ${Math.floor(index / n)}h1v1h-1z`).join('');
      },
    },
  };

  const set = (pad, state) => {
    pad.dataset.tlState = state;
    pad.querySelector('.tl-ink').setAttribute('d', kinds[pad.dataset.tlKind].path(pad, state));
  };
  const send = pad => {
    clearTimeout(pad.tlTimer);
    pad.tlTimer = null;
    const field = pad.closest('.tl-widget')?.querySelector('.' + pad.dataset.tlPad + ' input');
    if (!field) return;
    field.value = pad.dataset.tlVersion + '|' + pad.dataset.tlState;
    for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true}));
  };
  const soon = pad => { pad.tlTimer = pad.tlTimer || setTimeout(send, 120, pad); };
  const down = (pad, p) => {
    const under = pad.querySelector('.tl-under.tl-until-drawn');  // an example makes room for the first stroke
    if (under) under.remove();
    pad.tlPen = p;
    set(pad, kinds[pad.dataset.tlKind].down(pad, pad.dataset.tlState, p));
  };
  const move = (pad, p) => {
    set(pad, kinds[pad.dataset.tlKind].move(pad, pad.dataset.tlState, pad.tlPen, p));
    pad.tlPen = p;
  };

  const at = (pad, event) => {
    const box = pad.querySelector('svg').getBoundingClientRect(), n = Number(pad.dataset.tlUnits);
    return [clip((event.clientX - box.left) / box.width * n, n), clip((event.clientY - box.top) / box.height * n, n)].map(round);
  };
  let held = null, pointer = null;  // the pad that is drawn on and the pointer that does it: a second finger does not
  document.addEventListener('pointerdown', event => {
    const pad = event.target.closest && event.target.closest('.tl-pad');
    if (!pad || event.button !== 0 || held) return;
    [held, pointer] = [pad, event.pointerId];
    pad.setPointerCapture(event.pointerId);
    lift(pad);
    down(pad, at(pad, event));
  });
  document.addEventListener('pointermove', event => {
    if (!held || event.pointerId !== pointer) return;
    for (const each of event.getCoalescedEvents ? event.getCoalescedEvents() : [event]) {
      const p = at(held, each);
      if (Math.hypot(p[0] - held.tlPen[0], p[1] - held.tlPen[1]) >= Number(held.dataset.tlUnits) / 100) move(held, p);
    }
    soon(held);
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) document.addEventListener(end, event => {
    if (!held || event.pointerId !== pointer) return;
    send(held);
    held = pointer = null;
  });

  // By keyboard: arrows move a pen, Space or Enter puts it down and lifts it, Backspace takes the last stroke back.
  const lift = pad => { delete pad.dataset.tlDown; };
  const showPen = pad => {
    const pen = pad.querySelector('.tl-pen'), [x, y] = pad.tlKeyPen;
    pen.setAttribute('transform', `translate(${x} ${y})`);
    pen.setAttribute('fill-opacity', 'tlDown' in pad.dataset ? 0.5 : 0);
  };
  const say = pad => {
    const what = pad.dataset.tlKind === 'cells' ? 'brush' : 'pen';
    pad.querySelector('.tl-say').textContent = what + ('tlDown' in pad.dataset ? ' down' : ' up');
  };
  document.addEventListener('keydown', event => {
    const pad = event.target.closest && event.target.closest('.tl-pad');
    if (!pad || event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === 'Enter')) return;
    const n = Number(pad.dataset.tlUnits), step = Number(pad.dataset.tlStep) * (event.shiftKey ? 3 : 1);
    const arrow = {ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step]}[event.key];
    const place = pad.dataset.tlKind === 'point';
    const pen = pad.tlKeyPen = place ? pad.dataset.tlState.split(',').map(Number) : pad.tlKeyPen || [n / 2, n / 2];
    if (place && !arrow) return;
    if (arrow) {
      const to = pad.tlKeyPen = [clip(pen[0] + arrow[0], n), clip(pen[1] + arrow[1], n)].map(round);
      if (place || 'tlDown' in pad.dataset) { move(pad, to); soon(pad); }
    } else if (event.key === ' ' || event.key === 'Enter') {
      if ('tlDown' in pad.dataset) { lift(pad); send(pad); } else { pad.dataset.tlDown = ''; down(pad, pen); send(pad); }
      say(pad);
    } else if (event.key === 'Escape') {
      lift(pad);
      say(pad);
    } else if (event.key === 'Backspace') {
      lift(pad);
      set(pad, kinds[pad.dataset.tlKind].back(pad.dataset.tlState));
      send(pad);
    } else return;
    showPen(pad);
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener('focusin', event => {
    const pad = event.target.closest && event.target.closest('.tl-pad');
    if (pad) { pad.tlKeyPen = pad.tlKeyPen || Array(2).fill(Number(pad.dataset.tlUnits) / 2); showPen(pad); }
  });
  document.addEventListener('focusout', event => {
    const pad = event.target.closest && event.target.closest('.tl-pad');
    if (pad && 'tlDown' in pad.dataset) { lift(pad); send(pad); }
  });
})();

// Files for Python. A message to the kernel may hold 10 MB, and a longer one is lost without a word: large pictures are
// made smaller here, and of what is too large and no picture only the name and the size are sent.
(() => {
  if (window.tlteachFiles) return;
  window.tlteachFiles = true;
  const SMALL = 300e3, MOST = 5e6, SHORTER_SIDE = 512;
  const shrunk = async file => {
    const image = file.size > SMALL ? await createImageBitmap(file).catch(() => null) : null;
    if (!image) return file;
    const scale = Math.min(1, SHORTER_SIDE / Math.min(image.width, image.height));
    const canvas = document.createElement('canvas'), brush = canvas.getContext('2d');
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    brush.fillStyle = '#fff';
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.drawImage(image, 0, 0, canvas.width, canvas.height);
    return new Promise(done => canvas.toBlob(blob => done(blob || file), 'image/jpeg', 0.92));
  };
  const base64 = blob => new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.split(',')[1] || '');
    reader.onerror = fail;
    reader.readAsDataURL(blob);
  });
  document.addEventListener('change', async event => {
    const input = event.target.closest && event.target.closest('input[data-tl-upload]');
    const field = input && input.closest('.tl-widget')?.querySelector('.' + input.dataset.tlUpload + ' input');
    if (!field) return;
    const files = [...input.files], sent = [];
    let room = MOST;
    for (const file of files) {
      const blob = await shrunk(file), fits = blob.size <= room;
      room -= fits ? blob.size : 0;
      sent.push({name: file.name, size: file.size, content: fits ? await base64(blob).catch(() => null) : null});
    }
    input.value = '';  // so that the same file can be chosen again
    field.value = JSON.stringify(sent);
    for (const kind of ['input', 'change']) field.dispatchEvent(new Event(kind, {bubbles: true}));
  });
})();
