/** The programs of the map: the density texture over the whole element, round points, and rings around them. */

export const DENSITY = [
  `#version 300 es
in vec2 corner;
out vec2 place;
void main() {
  place = vec2(corner.x, -corner.y) * 0.5 + 0.5;
  gl_Position = vec4(corner, 0.0, 1.0);
}`,
  `#version 300 es
precision highp float;
uniform sampler2D field;
uniform float opacity;
in vec2 place;
out vec4 color;
void main() {
  color = texture(field, place) * opacity;
}`,
];

const PLACE = `#version 300 es
uniform vec2 size;
uniform float ratio;
uniform float grow;
in vec3 place;
in vec4 tint;
out vec4 fill;
out float radius;
out float box;
void main() {
  fill = tint;
  radius = (0.5 * place.z + grow) * ratio;
  box = 2.0 * radius + 2.0;
  gl_PointSize = box;
  gl_Position = vec4(place.x / size.x * 2.0 - 1.0, 1.0 - place.y / size.y * 2.0, 0.0, 1.0);
}`;

/** Discs, which get a rim of the colour `edge` as they are large enough to have one. */
export const DISCS = [
  PLACE,
  `#version 300 es
precision highp float;
uniform float opacity;
uniform float ratio;
uniform vec4 edge;
in vec4 fill;
in float radius;
in float box;
out vec4 color;
void main() {
  float away = length(gl_PointCoord - 0.5) * box;
  float rim = clamp(away - radius + min(ratio, 0.22 * radius) + 0.5, 0.0, 1.0);
  rim *= edge.a * clamp(radius / ratio - 1.5, 0.0, 1.0);
  float alpha = fill.a * opacity * clamp(radius - away + 0.5, 0.0, 1.0);
  color = vec4(mix(fill.rgb, edge.rgb, rim) * alpha, alpha);
}`,
];

/** Rings of the colour `edge`, `band` pixels wide. */
export const RINGS = [
  PLACE,
  `#version 300 es
precision highp float;
uniform float ratio;
uniform float band;
uniform vec4 edge;
in vec4 fill;
in float radius;
in float box;
out vec4 color;
void main() {
  float away = length(gl_PointCoord - 0.5) * box;
  float alpha = edge.a * clamp(radius - away + 0.5, 0.0, 1.0) * clamp(away - radius + band * ratio + 0.5, 0.0, 1.0);
  color = vec4(edge.rgb * alpha, alpha);
}`,
];
