/// What a test throws when a value isn't of the expected kind.
struct TestFailure: Error {}
