"""`python -m crm_backend`, which is what `./deskmate` runs."""

from crm_backend.cli import main

if __name__ == "__main__":
    main()
