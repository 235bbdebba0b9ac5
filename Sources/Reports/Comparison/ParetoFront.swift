/// Which of some choices aren't beaten by another one in both cost and worth.
package enum ParetoFront {
  /// The places of the choices on the front, the cheapest first; of equals, all.
  package static func members(_ choices: [(cost: Double, worth: Double)]) -> [Int] {
    choices.indices.filter { index in
      let own = choices[index]
      return !choices.contains { other in
        other.cost <= own.cost && other.worth >= own.worth
          && (other.cost < own.cost || other.worth > own.worth)
      }
    }.sorted {
      (choices[$0].cost, choices[$0].worth, $0) < (choices[$1].cost, choices[$1].worth, $1)
    }
  }
}
