/** What is drawn over the points on a plain canvas: links, labels and the line of the lasso. */

import { css } from "./theme.js";

const GROWING = 420; // milliseconds that a link takes to arrive

export class Overlay {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
  }

  resize(width, height, ratio) {
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
    Object.assign(this, { width, height, ratio });
  }

  clear() {
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.context.clearRect(0, 0, this.width, this.height);
  }

  /**
   * The edges of a box whose corners are pixels, in the order of the bits of x, y, z; `depths` make far ones fainter.
   */
  box(corners, depths, theme, strength) {
    const { context } = this;
    const [far, near] = [Math.min(...depths), Math.max(...depths)];
    context.strokeStyle = css(theme.faint);
    context.lineWidth = 1;
    for (let corner = 0; corner < 8; corner++) {
      for (const other of [corner | 1, corner | 2, corner | 4].filter((end) => end !== corner)) {
        const share = ((depths[corner] + depths[other]) / 2 - far) / (near - far || 1);
        context.globalAlpha = strength * (0.1 + 0.25 * share);
        context.beginPath();
        context.moveTo(...corners[corner]);
        context.lineTo(...corners[other]);
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }

  /** Lines from one pixel to others, the first of which are the strongest; `age` in milliseconds lets them grow. */
  links(from, to, theme, age) {
    const { context } = this;
    context.lineCap = "round";
    context.strokeStyle = css(theme.accent);
    to.forEach(([x, y], i) => {
      const t = Math.min(1, Math.max(0, (age - i * 14) / GROWING));
      const s = 1 - (1 - t) ** 3;
      if (s === 0) return;
      const rank = to.length > 1 ? i / (to.length - 1) : 0;
      context.globalAlpha = 0.8 - 0.45 * rank;
      context.lineWidth = 1.6 - 0.7 * rank;
      context.beginPath();
      context.moveTo(...from);
      context.lineTo(from[0] + (x - from[0]) * s, from[1] + (y - from[1]) * s);
      context.stroke();
      if (t === 1) this.end([x, y], 5, theme.accent);
    });
    context.globalAlpha = 1;
    this.end(from, 7, theme.accent);
    return age < GROWING + 14 * to.length;
  }

  /** A small ring at an end of a link. */
  end([x, y], radius, color) {
    const { context } = this;
    context.lineWidth = 1.5;
    context.strokeStyle = css(color);
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  lasso(path, theme) {
    const { context } = this;
    context.beginPath();
    path.forEach(([x, y], i) => (i === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
    context.closePath();
    context.fillStyle = css(theme.accent, 0.1);
    context.fill();
    context.setLineDash([5, 4]);
    context.lineWidth = 1.5;
    context.strokeStyle = css(theme.accent, 0.9);
    context.stroke();
    context.setLineDash([]);
  }

  ring([x, y], radius, theme) {
    const { context } = this;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.lineWidth = 4;
    context.strokeStyle = css(theme.background, 0.9);
    context.stroke();
    context.lineWidth = 1.75;
    context.strokeStyle = css(theme.ink);
    context.stroke();
  }
}
