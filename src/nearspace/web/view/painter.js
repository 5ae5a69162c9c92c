/**
 * WebGL: a texture of density and batches of round points on one canvas. Everything is made anew after a lost context.
 */

import * as twgl from "../vendor/twgl/twgl-full.module.js";
import { DENSITY, DISCS, RINGS } from "./shaders.js";

/** The browser has no WebGL 2, or will not give it. */
export class NoWebGL extends Error {
  constructor() {
    super("This browser does not offer WebGL 2, which the map is drawn with.");
    this.name = "NoWebGL";
  }
}

export class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.gl = canvas.getContext("webgl2", {
      alpha: false,
      antialias: false,
      depth: false,
      powerPreference: "high-performance",
    });
    if (this.gl === null) throw new NoWebGL();
    this.prepare();
  }

  /** Make programs and buffers; also after the context was restored. */
  prepare() {
    const { gl } = this;
    this.density = twgl.createProgramInfo(gl, DENSITY);
    this.discs = twgl.createProgramInfo(gl, DISCS);
    this.rings = twgl.createProgramInfo(gl, RINGS);
    this.corners = twgl.createBufferInfoFromArrays(gl, { corner: { numComponents: 2, data: [-1, -1, 3, -1, -1, 3] } });
    this.field = twgl.createTexture(gl, { width: 1, height: 1, minMag: gl.NEAREST, wrap: gl.CLAMP_TO_EDGE });
    this.dots = null;
    this.version = -1; // of the density in the texture
    this.room = 0;
  }

  get lost() {
    return this.gl.isContextLost();
  }

  resize(width, height, ratio) {
    Object.assign(this, { width, height, ratio });
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== w) this.canvas.width = w;
    if (this.canvas.height !== h) this.canvas.height = h;
  }

  clear([r, g, b]) {
    const { gl } = this;
    gl.viewport(0, 0, this.canvas.width, this.canvas.height);
    gl.disable(gl.DEPTH_TEST);
    gl.clearColor(r / 255, g / 255, b / 255, 1);
    gl.clear(gl.COLOR_BUFFER_BIT);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  }

  /** Draw the texture of a Density, where it is not empty. */
  drawDensity(density, opacity) {
    if (density.box === null) return;
    const { gl } = this;
    const exact = density.width === this.canvas.width && density.height === this.canvas.height;
    gl.bindTexture(gl.TEXTURE_2D, this.field);
    if (this.version !== density.version) {
      const { width, height, bytes } = density;
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, width, height, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
      this.version = density.version;
    }
    twgl.setTextureParameters(gl, this.field, { minMag: exact ? gl.NEAREST : gl.LINEAR });
    gl.useProgram(this.density.program);
    twgl.setBuffersAndAttributes(gl, this.density, this.corners);
    twgl.setUniforms(this.density, { field: this.field, opacity });
    gl.enable(gl.SCISSOR_TEST);
    gl.scissor(...this.scissorOf(density));
    twgl.drawBufferInfo(gl, this.corners);
    gl.disable(gl.SCISSOR_TEST);
  }

  /** The part of the canvas that the bins of a Density are on: left, bottom, width, height. */
  scissorOf({ box: [x0, y0, x1, y1], width, height }) {
    const { canvas } = this;
    const [left, right] = [x0 - 1, x1 + 1].map((x) => Math.round((x * canvas.width) / width));
    const [top, bottom] = [y0 - 1, y1 + 1].map((y) => Math.round((y * canvas.height) / height));
    return [left, canvas.height - bottom, right - left, bottom - top];
  }

  /** Draw a Batch as discs; `edge` is [r, g, b] of their rims and its opacity. */
  drawDiscs(batch, edge, opacity = 1) {
    this.drawBatch(batch, this.discs, { edge, opacity, grow: 0 });
  }

  /** Draw rings `band` pixels wide, `grow` pixels outside the discs of a Batch. */
  drawRings(batch, edge, { band, grow }) {
    this.drawBatch(batch, this.rings, { edge, band, grow });
  }

  drawBatch(batch, program, uniforms) {
    if (batch.count === 0) return;
    const { gl } = this;
    this.upload(batch);
    gl.useProgram(program.program);
    twgl.setBuffersAndAttributes(gl, program, this.dots);
    const edge = uniforms.edge.map((value, i) => (i < 3 ? value / 255 : value));
    twgl.setUniforms(program, { ...uniforms, edge, size: [this.width, this.height], ratio: this.ratio });
    twgl.drawBufferInfo(gl, this.dots, gl.POINTS, batch.count);
  }

  upload(batch) {
    const { gl } = this;
    if (this.room < batch.count) {
      if (this.dots !== null) for (const { buffer } of Object.values(this.dots.attribs)) gl.deleteBuffer(buffer);
      this.room = batch.room;
      this.dots = twgl.createBufferInfoFromArrays(gl, {
        place: { numComponents: 3, data: batch.places, drawType: gl.DYNAMIC_DRAW },
        tint: { numComponents: 4, data: batch.bytes, normalize: true, drawType: gl.DYNAMIC_DRAW },
      });
      return;
    }
    twgl.setAttribInfoBufferFromArray(gl, this.dots.attribs.place, batch.places.subarray(0, 3 * batch.count), 0);
    twgl.setAttribInfoBufferFromArray(gl, this.dots.attribs.tint, batch.bytes.subarray(0, 4 * batch.count), 0);
  }

  destroy() {
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }
}

/** Points on the screen: x, y and diameter in pixels, and r, g, b, opacity. */
export class Batch {
  constructor() {
    this.count = 0;
    this.grow(1024);
  }

  grow(room) {
    const [places, bytes] = [this.places, this.bytes];
    this.room = room;
    this.places = new Float32Array(3 * room);
    this.bytes = new Uint8Array(4 * room);
    this.words = new Uint32Array(this.bytes.buffer);
    if (places) {
      this.places.set(places);
      this.bytes.set(bytes);
    }
  }

  clear() {
    this.count = 0;
  }

  add(x, y, diameter, word) {
    if (this.count === this.room) this.grow(2 * this.room);
    const at = 3 * this.count;
    this.places[at] = x;
    this.places[at + 1] = y;
    this.places[at + 2] = diameter;
    this.words[this.count++] = word;
  }
}
