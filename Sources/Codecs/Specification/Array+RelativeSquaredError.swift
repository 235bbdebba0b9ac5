extension Array<Float> {
  /// The squared error of these decoded values, relative to the squared norm of the `exact` ones; as many of both.
  func relativeSquaredError(of exact: [Float]) -> Double {
    var (error, norm) = (0.0, 0.0)
    for index in indices {
      let value = Double(exact[index])
      error += (Double(self[index]) - value) * (Double(self[index]) - value)
      norm += value * value
    }
    return error / norm
  }
}
