# Short names for the usual commands; `just` lists them. https://just.systems

_default:
    @just --list

# Run the whole system on this machine, e.g. `just run --port 9000 --fresh`
run *options:
    cargo run -p local -- {{ options }}

# Run all tests
test:
    cargo test --workspace

# Format the code
fmt:
    cargo fmt --all

# Run clippy as CI does
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Regenerate openapi/ and the tables of docs/budgets.md and docs/faults.md; read the difference before you commit
bless:
    BLESS=1 cargo test -p tests --lib -- contract budgets faults

# Run every check that a pull request must pass
ci:
    .ci/run
