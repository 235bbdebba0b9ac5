import Measures
import Testing

@Suite struct NumberTests {
  @Test(arguments: [
    (0.0, 0, "0"), (0, 2, "0.00"), (1.5, 0, "2"), (2.5, 0, "3"), (-2.5, 0, "-3"),
    (1.005, 2, "1.00"), (1.25, 1, "1.3"), (-0.004, 2, "0.00"), (0.05, 1, "0.1"),
    (12.3456, 3, "12.346"), (999.999, 2, "1000.00"), (.nan, 2, "nan"), (.infinity, 1, "inf"),
    (-.infinity, 0, "-inf"), (1e300, 2, "1e+300"),
  ])
  func `decimals are fixed and rounded half away from zero`(
    number: Double, decimals: Int, text: String
  ) {
    #expect(number.fixed(decimals) == text)
  }

  @Test func `a negative number of decimals is a programmer's error`() async {
    await #expect(processExitsWith: .failure) { _ = 1.0.fixed(-1) }
  }

  @Test(arguments: [
    (Duration.zero, 0.0), (.milliseconds(1500), 1.5), (.milliseconds(-1500), -1.5),
    (.nanoseconds(1), 1e-9), (.seconds(86_400), 86_400),
  ])
  func `durations in seconds`(duration: Duration, seconds: Double) {
    #expect(duration.seconds == seconds)
  }
}
