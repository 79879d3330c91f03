"""Other token servers, installed, started and asked as Moneyer is (bench/README.md, "Peers")."""
