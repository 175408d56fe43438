# filled when packaging lands
