/** What measures are called and what they say, by their names. */

const FAMILIES = [
  [/^map\./, "Maps"],
  [/^index|latency|queries|recall/, "Search"],
  [/spearman|pearson/, "Similarity"],
  [/purity/, "Categories"],
  [/opp|outlier|groups/, "Outliers"],
  [/google|bats|analog|gram\d|semantic|syntactic/i, "Analogies"],
];

const ABOUT = [
  [/spearman/, "How well the order of similarities follows that of people; 1 is the same order."],
  [/pearson/, "How well similarities follow those of people; 1 is a straight line."],
  [/purity/, "Share of words whose cluster has their own category as its most common one."],
  [/opp/, "How near the odd one out is to the last place, where it belongs."],
  [/outlier|groups/, "Share of groups in which the odd one out is found."],
  [/recall/, "Share of the true nearest rows that are found."],
  [/mrr|reciprocal/, "One over the place of the first right answer, on average."],
  [/ndcg/, "How near right answers are to the top, on average; 1 is the best order."],
  [/trustworthiness/, "How little comes near on the map that is far in the Space; 1 is best."],
  [/continuity/, "How little is torn apart on the map that is near in the Space; 1 is best."],
  [/trust/, "Share of a point's nearest points on the map that are also its nearest in the Space, on average."],
  [/neighbou?rs/, "Share of nearest neighbours that the map keeps."],
  [/distance/, "How well the order of distances on the map follows that in the Space; 1 is the same order."],
  [/torn/, "How far, by ranks, true neighbours lie apart on the map; half is chance."],
  [/false/, "How far, by ranks, near points on the map are in the Space; half is chance."],
  [/stability/, "Share of nearest points on the map that stay so with another seed."],
  [/vote|knn|accuracy\.knn/, "Share of points whose nearest points on the map have their class."],
  [/latency/, "Time to answer a query."],
  [/accuracy/, "Share of questions such as \"king is to man as queen is to …\" answered right."],
];

/** The section in which a measure is listed: what it measures, else the first part of its name. */
export const familyOf = (name) => FAMILIES.find(([part]) => part.test(name))?.[1] ?? name.split(".")[0];

/** What a measure says in one sentence, or undefined. */
export const aboutOf = (name) => ABOUT.find(([part]) => part.test(name))?.[1];
