/// The error of a test for a value that isn't of the expected kind.
struct TestFailure: Error {}
