extension GrowthSchedule {
  /// The rounds of each stage for a run of `total` rounds, in which a small sub-model is trained as
  /// long as it can learn something for the full one.
  ///
  /// A stage but the last gets the paper's T/(2S) rounds times its worth, and one at least; a later
  /// stage one more than its warm-up. The last gets what is left. Where there are fewer rounds than
  /// stages, the first stages get none.
  ///
  /// - Parameters:
  ///   - total: All rounds, T.
  ///   - worths: The worth of each stage beside the last, from 0 to 1; S values.
  ///   - warmUpRounds: The rounds of warm-up, T_w.
  /// - Returns: The rounds of each stage, `total` in all.
  public static func horizon(total: Int, worths: [Double], warmUpRounds: Int = 0) -> [Int] {
    precondition(total >= 0 && !worths.isEmpty, "\(total) rounds in \(worths.count) stages")
    let stages = worths.count
    guard total >= stages else {
      return Array(repeating: 0, count: stages - total) + Array(repeating: 1, count: total)
    }
    let most = Double(total) / Double(2 * stages)
    let early = worths.dropLast().enumerated().map { index, worth in
      max(index == 0 ? 1 : warmUpRounds + 1, Int((most * worth).rounded()))
    }
    let left = total - early.reduce(0, +)
    // Warm-ups that leave the last stage none of its own are cut by whoever plans with them.
    guard left > warmUpRounds else {
      return Array(repeating: 1, count: stages - 1) + [total - stages + 1]
    }
    return early + [left]
  }

  /// The worth of a sub-model as a part of the full one, from 0 to 1: the geometric mean of its
  /// shares of the parameters and of the operations.
  ///
  /// A sub-model of few parameters soon knows what it can, and one that takes as many operations as
  /// the full model saves nothing but bytes.
  public static func worth(parameters: Double, operations: Double) -> Double {
    min(1, (max(0, parameters) * max(0, operations)).squareRoot())
  }
}
